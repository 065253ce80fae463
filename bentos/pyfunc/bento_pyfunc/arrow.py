"""One Arrow column of a request, checked against the signature, as the array the model sees.

The arrays are those that :mod:`bento_pyfunc.columns` makes of JSON, so a model answers the same.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from bento_pyfunc.columns import PANDAS_TEXT, Array, Column, Unfit
from bento_pyfunc.problems import FieldError

Data = Any  # pyarrow.ChunkedArray

_BEYOND_32 = float(np.finfo(np.float32).max)


def array(column: Column, data: Data, errors: list[FieldError]) -> Array:
    """Return an Arrow column as the array the model sees, or add to `errors` what is wrong."""
    data = decoded(data)
    if column.required and data.null_count:
        row = pc.index(data.is_null(), pa.scalar(value=True)).as_py()
        errors.append(FieldError(column.name, row, "is required and must not be null"))
        return None
    reader = _READERS.get(column.kind.name)
    written = column.kind.name in _WRITTEN and _is_text(data.type)
    if reader is None or written or pa.types.is_null(data.type):
        values = _listed(column, data, errors)
        return None if values is None else column.array(values, errors)
    fits, build = reader
    if not fits(data.type):
        errors.append(_misfit(column, data))
        return None
    try:
        return build(column, data)
    except _UnfitAt as error:
        errors.append(FieldError(column.name, error.row, str(error)))
    except pa.ArrowException:
        message = f"must be {column.kind.words}"
        errors.append(FieldError(column.name, _first(column, build, data), message))
    return None


def _misfit(column: Column, data: Data) -> FieldError:
    message = f"must be {column.kind.words}, not Arrow's {str(data.type)[:80]}"
    return FieldError(column.name, None, message)


def _listed(column: Column, data: Data, errors: list[FieldError]) -> list[Any] | None:
    """Return the values as they would have come by JSON, or add to `errors` what is wrong."""
    values: list[Any] = []
    try:
        if not pa.types.is_nested(data.type):
            return list(data.to_pylist())
        plain = _as_json(data.type)
        for value in data:
            values.append(plain(value.as_py()))
    except Unfit as error:
        errors.append(FieldError(column.name, len(values), str(error)))
    except (ValueError, OverflowError):  # Python has no such value
        errors.append(_misfit(column, data))
    else:
        return values
    return None


def _as_json(kind: Any) -> Callable[[Any], Any]:
    """Return what makes of a value of an Arrow type the one that would have come by JSON.

    It raises :class:`Unfit` where JSON has no such value.
    """
    if is_list(kind):
        inner = _as_json(kind.value_type)
        return _unless_null(lambda value: list(map(inner, value)))
    if pa.types.is_struct(kind):
        parts = {field.name: _as_json(field.type) for field in kind}
        return _unless_null(lambda value: {name: part(value[name]) for name, part in parts.items()})
    if pa.types.is_map(kind):
        return _unless_null(partial(_map_as_json, _as_json(kind.item_type)))
    if _is_moment(kind):
        return _unless_null(lambda value: value.isoformat())
    if _is_binary(kind):
        return _unless_null(lambda value: base64.b64encode(value).decode())
    return _finite if pa.types.is_floating(kind) else lambda value: value


def _unless_null(make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else make(value)


def _map_as_json(inner: Callable[[Any], Any], pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
    named = {name: inner(one) for name, one in pairs}
    if len(named) < len(pairs) or not all(isinstance(name, str) for name in named):
        raise Unfit("must have strings for keys, each once")
    return named


def _finite(value: float | None) -> float | None:
    # Less itself, neither NaN nor infinity is nothing.
    if value is not None and value - value != 0:
        raise Unfit("must hold finite numbers only")
    return value


def matrix(table: Any, names: list[str]) -> np.ndarray[Any, Any] | None:
    """Return these columns of a table as one array of doubles (rows, columns), laid out by columns.

    ``None`` unless they are doubles already, all there, in one batch and without nulls.
    """
    batches = table.to_batches()
    if len(batches) != 1:
        return None
    batch = batches[0]
    if batch.schema.names != names:
        if not set(names) <= set(batch.schema.names):
            return None
        batch = batch.select(names)
    if set(batch.schema.types) != {pa.float64()}:
        return None
    try:
        tensor = batch.to_tensor(null_to_nan=False, row_major=False)
    except pa.ArrowException:
        # There are nulls.
        return None
    values: np.ndarray[Any, Any] = tensor.to_numpy()
    return values


class _UnfitAt(Unfit):
    """A value that the column cannot hold, and its row."""

    def __init__(self, message: str, row: int) -> None:
        super().__init__(message)
        self.row = row


def decoded(data: Data) -> Data:
    """Return a column as its values, where it came as numbers into a dictionary of them."""
    if not pa.types.is_dictionary(data.type):
        return data
    # Arrow casts no dictionary of lists.
    parts = [chunk.dictionary.take(chunk.indices) for chunk in data.chunks]
    return pa.chunked_array(parts, data.type.value_type)


def _first(column: Column, build: Callable[[Column, Data], Array], data: Data) -> int:
    """Return the first row that cannot be converted, by halving."""
    low, high = 0, len(data)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            build(column, data.slice(low, middle - low))
            low = middle
        except (pa.ArrowException, _UnfitAt):
            high = middle
    return low


def _row(wrong: np.ndarray[Any, Any]) -> int:
    return int(np.flatnonzero(wrong)[0])


def _double(column: Column, data: Data) -> Array:
    values = data.cast(pa.float64(), safe=False).to_numpy()
    if not np.isfinite(values).all():
        if np.isinf(values).any():
            raise _UnfitAt("must be finite", _row(np.isinf(values)))
        if column.required:
            message = "is required and must not be NaN"
            raise _UnfitAt(message, _row(np.isnan(values)))
    return values


def _float(column: Column, data: Data) -> Array:
    wide = _double(column, data)
    if (np.abs(wide) > _BEYOND_32).any():
        raise _UnfitAt("is too large for a 32-bit number", _row(np.abs(wide) > _BEYOND_32))
    return wide.astype(np.float32)


def _integers(arrow: Any, pandas: Any) -> Callable[[Column, Data], Array]:
    def build(_: Column, data: Data) -> Array:
        whole = data.cast(arrow)
        if not whole.null_count:
            return whole.to_numpy()
        known, missing = whole.fill_null(0).to_numpy(), whole.is_null().to_numpy()
        return pd.array(pd.arrays.IntegerArray(known.copy(), missing), dtype=pandas)

    return build


def _boolean(_: Column, data: Data) -> Array:
    return data.to_numpy()


def _text(column: Column, data: Data) -> Array:
    if PANDAS_TEXT is object:
        return column.kind.array(data.to_pylist())
    return pd.array(data.cast(pa.large_string()), dtype=PANDAS_TEXT)


def _datetime(_: Column, data: Data) -> Array:
    if pa.types.is_timestamp(data.type) and data.type.tz is not None:
        data = data.cast(pa.timestamp(data.type.unit, "UTC"))
        data = data.cast(pa.timestamp(data.type.unit))
    return data.cast(pa.timestamp("ns")).to_numpy()


def _binary(_: Column, data: Data) -> Array:
    values = np.empty(len(data), dtype=object)
    values[:] = data.to_pylist()
    return values


def is_list(kind: Any) -> bool:
    """Whether an Arrow type is one of lists, however they are laid out."""
    return bool(
        pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    )


def _is_number(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _is_text(kind: Any) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)
    )


def _is_moment(kind: Any) -> bool:
    return bool(pa.types.is_timestamp(kind) or pa.types.is_date(kind))


def _is_binary(kind: Any) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


#: MLflow data types that JSON writes as text, which Arrow may, too
_WRITTEN = frozenset({"datetime", "binary"})
#: MLflow data type -> the Arrow types it may come as, and how they become an array
_READERS: dict[str, tuple[Callable[[Any], bool], Callable[[Column, Data], Array]]] = {
    "boolean": (pa.types.is_boolean, _boolean),
    "integer": (_is_number, _integers(pa.int32(), "Int32")),
    "long": (_is_number, _integers(pa.int64(), "Int64")),
    "float": (_is_number, _float),
    "double": (_is_number, _double),
    "string": (_is_text, _text),
    "datetime": (_is_moment, _datetime),
    "binary": (_is_binary, _binary),
}
