"""What an Arrow stream stands for, against what it is: 300 bytes can be a billion values.

Layouts whose values share bytes are refused, but for dictionaries and views of text, which are
common. What those stand for, and values that take less than a byte, is counted before anything is
made of it: it may not be more than a body has bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bento_pyfunc.problems import Problem, wrong_media

_SHARING = (
    pa.types.is_list_view,
    pa.types.is_large_list_view,
    pa.types.is_run_end_encoded,
    pa.types.is_union,
)
#: types of columns that are no more than their rows and bytes
_FLAT = frozenset(
    kind.id
    for kind in (
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64()),
        *(pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        *(pa.float16(), pa.float32(), pa.float64(), pa.bool_()),
        *(pa.string(), pa.large_string(), pa.binary(), pa.large_binary()),
        *(pa.date32(), pa.date64(), pa.timestamp("us"), pa.null()),
    )
)


def is_flat(schema: pa.Schema) -> bool:
    """Whether no column can stand for more than its rows and bytes."""
    return all(kind.id in _FLAT for kind in schema.types)


def refuse_sharing(schema: pa.Schema) -> None:
    """Refuse layouts whose values share bytes.

    Raises
    ------
    Problem
        415: a column, or what is in it, has such a layout.
    """
    for field in schema:
        kind = _sharing(field.type)
        if kind is not None:
            said = f"Column {field.name[:80]!r} has Arrow's layout {str(kind)[:80]}"
            raise wrong_media(f"{said}; send plain values and lists.")


def refuse_more(batches: Iterator[pa.RecordBatch], most: int) -> Iterator[pa.RecordBatch]:
    """Give the batches on, as long as they stand for no more than `most` beside their own bytes.

    A value that takes less than a byte counts one; what a dictionary is asked for, one a byte.

    Raises
    ------
    Problem
        413: it is more.
    """
    found = 0
    for batch in batches:
        found += sum(_count(column) for column in batch if _may_grow(column.type))
        if found > most:
            raise _too_much(most)
        yield batch


def _too_much(most: int) -> Problem:
    detail = (
        f"The stream is short, but stands for more than {most} values or bytes of text; split the "
        "rows over several requests."
    )
    return Problem(413, "body-too-large", "The body is too large", detail)


def _inside(kind: pa.DataType) -> list[pa.DataType]:
    if isinstance(kind, pa.BaseExtensionType):
        return [kind.storage_type]
    if pa.types.is_dictionary(kind):
        return [kind.value_type]
    return [kind.field(at).type for at in range(kind.num_fields)]


def _sharing(kind: pa.DataType) -> pa.DataType | None:
    if any(shares(kind) for shares in _SHARING):
        return kind
    return next((found for one in _inside(kind) if (found := _sharing(one)) is not None), None)


def _may_grow(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind) or _is_view(kind) or _light(kind):
        return True
    return any(map(_may_grow, _inside(kind)))


def _light(kind: pa.DataType) -> int:
    """Return for how many values one of a type stands that takes less than a byte; else 0."""
    if pa.types.is_null(kind) or pa.types.is_boolean(kind):
        return 1
    if pa.types.is_fixed_size_binary(kind):
        return int(kind.byte_width == 0)
    if pa.types.is_fixed_size_list(kind):
        inner = _light(kind.value_type)
        return 1 + kind.list_size * inner if inner or not kind.list_size else 0
    parts = list(map(_light, _inside(kind))) if pa.types.is_struct(kind) else [0]
    return 1 + sum(parts) if all(parts) else 0


def _count(array: Any) -> int:
    kind = array.type
    if not _may_grow(kind):
        return 0
    if each := _light(kind):
        return len(array) * each
    if pa.types.is_dictionary(kind):
        return len(array) * _longest(array.dictionary)
    if _is_view(kind):
        return _viewed(array)
    return sum(map(_count, _parts(array)))


def _parts(array: Any) -> list[Any]:
    """Return the arrays that one of lists, maps, structs or an extension lies on."""
    if isinstance(array.type, pa.BaseExtensionType):
        return [array.storage]
    if pa.types.is_struct(array.type):
        return list(array.flatten())
    return [array.keys, array.items] if pa.types.is_map(array.type) else [array.values]


def _viewed(array: Any) -> int:
    """Return the bytes of all texts; pyarrow does not tell those of views."""
    # Sixteen bytes a value, the first four its length.
    heads = np.frombuffer(array.buffers()[1], np.int32)[4 * array.offset :][: 4 * len(array) : 4]
    there = array.is_valid().to_numpy(zero_copy_only=False)
    return int(heads[there].sum(dtype=np.int64))


def _is_view(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string_view(kind) or pa.types.is_binary_view(kind))


def _longest(words: Any) -> int:
    """Return what one entry of a dictionary stands for, at most."""
    if _is_text(words.type) and len(words):
        return max(1, pc.max(pc.binary_length(words)).as_py() or 0)
    grows = _may_grow(words.type) or _inside(words.type)
    return max(1, words.nbytes, _count(words)) if grows else 1


def _is_text(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )
