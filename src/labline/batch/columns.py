"""Columns of the input against the model's signature: their types, then their values.

The arrays are those that a served model sees (:mod:`bento_pyfunc.arrow`), so that a batch and an
endpoint answer the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from labline.errors import BadInput

Input = Mapping[str, Any]
#: word for every column, in ``--keep``
ALL = "all"
#: most faults, and most columns, that a message names
_MOST, _NAMED = 8, 20


class Unfit(ValueError):
    """A value that the signature does not allow."""

    def __init__(self, message: str, row: int | None = None) -> None:
        super().__init__(message)
        self.row = row


def check(
    files: Sequence[tuple[str, Any]], inputs: Sequence[Input], keep: Sequence[str], *, csv: bool
) -> tuple[str, ...]:
    """Return the columns to keep, if every file has what the model takes and what is kept.

    Parameters
    ----------
    files
        Path and Arrow schema of each; the types of CSV are guesses, and not looked at.

    Raises
    ------
    BadInput
        Names each column that is missing, twice there, or of another type.
    """
    path, first = files[0]
    kept = tuple(first.names) if tuple(keep) == (ALL,) else tuple(dict.fromkeys(keep))
    seen: list[Any] = []
    for path, schema in files:
        if any(schema.equals(known) for known in seen):
            continue
        wrong = [*_wrong_inputs(schema, inputs, csv), *_wrong_kept(schema, first, kept, csv)]
        if wrong:
            raise _refusal(path, wrong, schema.names)
        seen.append(schema)
    return kept


def _near(name: str, known: Sequence[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _refusal(path: str, wrong: Sequence[str], names: Sequence[str]) -> BadInput:
    listed = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
    more = [f"and {len(wrong) - _MOST} more"] if len(wrong) > _MOST else []
    return BadInput(
        f"{path} does not fit: {'; '.join([*wrong[:_MOST], *more])}.",
        fix=f"It has the columns {listed}. Write it with the columns and types that the model was "
        "trained on.",
        wrong=list(wrong),
    )


def _wrong_inputs(schema: Any, inputs: Sequence[Input], csv: bool) -> Iterator[str]:
    counts = Counter(schema.names)
    for item in inputs:
        name = item["name"]
        if counts[name] > 1:
            yield f"column {name!r} is there {counts[name]} times"
        elif not counts[name]:
            if item.get("required", True):
                yield f"column {name!r} is missing{_near(name, schema.names)}"
        elif not csv and (wrong := _wrong_type(item, schema.field(name).type)):
            yield wrong


def _wrong_type(item: Input, kind: Any) -> str:
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if pa.types.is_null(kind):
        needs = item.get("required", True)
        return f"column {item['name']!r} has nothing but nulls, which it must not" if needs else ""
    fits = _KINDS[item["type"]][0]
    said = f"column {item['name']!r} must be {_WORDS[item['type']]}, not {str(kind)[:80]}"
    return "" if fits(kind) else said


def _wrong_kept(schema: Any, first: Any, kept: Sequence[str], csv: bool) -> Iterator[str]:
    counts = Counter(schema.names)
    for name in kept:
        if counts[name] != 1:
            missing = f"missing{_near(name, schema.names)}"
            there = f"there {counts[name]} times" if counts[name] else missing
            yield f"column {name!r}, which is to be kept, is {there}"
        elif not csv and (kind := schema.field(name).type) != (other := first.field(name).type):
            yield f"column {name!r} is {kind} here and {other} in the first file"


def csv_types(inputs: Sequence[Input], guessed: Any, kept: Sequence[str]) -> dict[str, Any]:
    """Return the Arrow types that columns of CSV are read as.

    Those of the model are told by its signature; those kept by the first file's beginning, so
    that they are the same in all.
    """
    types = {name: guessed.field(name).type for name in kept}
    return types | {item["name"]: _KINDS[item["type"]][1]() for item in inputs}


def frame(inputs: Sequence[Input], rows: Any) -> Any:
    """Return a batch of rows as the DataFrame that the model takes.

    Raises
    ------
    Unfit
        Names the column, and the row within the batch where it is one.
    """
    import pandas as pd

    names = set(rows.schema.names)
    made = {item["name"]: _array(item, rows.column(item["name"]))
            for item in inputs if item["name"] in names}  # fmt: skip
    return pd.DataFrame(made, copy=False)


def _array(item: Input, data: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    name, required = item["name"], item.get("required", True)
    if pa.types.is_dictionary(data.type):
        data = data.dictionary_decode()
    if required and data.null_count:
        row = pc.index(data.is_null(), pa.scalar(value=True)).as_py()
        raise Unfit(f"column {name!r} is null, and the model needs it", row)
    build = _category if "categories" in item else _KINDS[item["type"]][2]
    try:
        return build(item, data)
    except pa.ArrowException as error:
        said = str(error).splitlines()[0]
        message = f"column {name!r} must be {_WORDS[item['type']]}: {said}"
        raise Unfit(message, _first(item, build, data)) from error


def _first(item: Input, build: Callable[[Input, Any], Any], data: Any) -> int:
    """Return the first row that cannot be converted, by halving."""
    import pyarrow as pa

    low, high = 0, len(data)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            build(item, data.slice(low, middle - low))
            low = middle
        except (pa.ArrowException, Unfit):
            high = middle
    return low


def _category(item: Input, data: Any) -> Any:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    known = pa.array(item["categories"])
    codes = pc.index_in(data.cast(known.type), known)
    strange = pc.and_(pc.is_null(codes), pc.is_valid(data))
    row = pc.index(strange, pa.scalar(value=True)).as_py()
    if row >= 0:
        value = data[row].as_py()
        raise Unfit(f"column {item['name']!r} is {value!r}, no category of the model", row)
    return pd.Categorical.from_codes(codes.fill_null(-1).to_numpy(), item["categories"])


def _double(item: Input, data: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    values = data.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    finite = np.isfinite(values)
    if not finite.all():
        infinite = np.isinf(values)
        if infinite.any():
            raise Unfit(f"column {item['name']!r} is infinite", int(infinite.argmax()))
        if item.get("required", True):
            row = int((~finite).argmax())
            raise Unfit(f"column {item['name']!r} is NaN, and the model needs it", row)
    return values


def _float(item: Input, data: Any) -> Any:
    import numpy as np

    wide = _double(item, data)
    beyond = np.abs(wide) > np.finfo(np.float32).max
    if beyond.any():
        message = f"column {item['name']!r} is too large for a 32-bit number"
        raise Unfit(message, int(beyond.argmax()))
    return wide.astype(np.float32)


def _whole(arrow: str, pandas: Any) -> Callable[[Input, Any], Any]:
    def build(_: Input, data: Any) -> Any:
        import pandas as pd

        whole = data.cast(arrow)
        if not whole.null_count:
            return whole.to_numpy(zero_copy_only=False)
        known = whole.fill_null(0).to_numpy(zero_copy_only=False)
        missing = whole.is_null().to_numpy(zero_copy_only=False)
        return pd.array(pd.arrays.IntegerArray(known.copy(), missing), dtype=pandas)

    return build


def _boolean(_: Input, data: Any) -> Any:
    return data.to_numpy(zero_copy_only=False)


def _text(_: Input, data: Any) -> Any:
    import pandas as pd
    import pyarrow as pa

    if int(pd.__version__.partition(".")[0]) >= 3:
        kind: Any = "str"
        return pd.array(data.cast(pa.large_string()), dtype=kind)
    return data.to_pandas().to_numpy(dtype=object)


def _datetime(_: Input, data: Any) -> Any:
    import pyarrow as pa

    if pa.types.is_timestamp(data.type) and data.type.tz is not None:
        # MLflow's datetime has no zone: UTC, as pandas converts.
        data = data.cast(pa.timestamp(data.type.unit, "UTC")).cast(pa.timestamp(data.type.unit))
    return data.cast(pa.timestamp("ns")).to_numpy(zero_copy_only=False)


def _binary(_: Input, data: Any) -> Any:
    import numpy as np

    values = np.empty(len(data), dtype=object)
    values[:] = data.to_pylist()
    return values


def _is(*names: str) -> Callable[[Any], bool]:
    def fits(kind: Any) -> bool:
        from pyarrow import types

        return any(getattr(types, f"is_{name}")(kind) for name in names)

    return fits


def _arrow(name: str, *arguments: Any) -> Callable[[], Any]:
    def kind() -> Any:
        import pyarrow as pa

        return getattr(pa, name)(*arguments)

    return kind


_number = _is("integer", "floating", "decimal")
_words = _is("string", "large_string", "string_view")
_moment = _is("timestamp", "date")
_bytes = _is("binary", "large_binary", "fixed_size_binary")
#: MLflow type -> what Arrow types fit, what CSV is read as, how it becomes an array
_KINDS: dict[str, tuple[Callable[[Any], bool], Callable[[], Any], Callable[[Input, Any], Any]]] = {
    "boolean": (_is("boolean"), _arrow("bool_"), _boolean),
    "integer": (_number, _arrow("int32"), _whole("int32", "Int32")),
    "long": (_number, _arrow("int64"), _whole("int64", "Int64")),
    "float": (_number, _arrow("float64"), _float),
    "double": (_number, _arrow("float64"), _double),
    "string": (_words, _arrow("string"), _text),
    "datetime": (_moment, _arrow("timestamp", "ns"), _datetime),
    "binary": (_bytes, _arrow("binary"), _binary),
}
_WORDS = {
    "boolean": "true or false",
    "integer": "whole numbers of 32 bits",
    "long": "whole numbers",
    "float": "numbers",
    "double": "numbers",
    "string": "text",
    "datetime": "dates and times",
    "binary": "bytes",
}
#: MLflow types that a column of a file can be
TYPES = frozenset(_KINDS)
