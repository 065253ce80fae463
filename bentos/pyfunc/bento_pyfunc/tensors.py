"""A request for a model that takes arrays -> the array, or the arrays by name."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from bento_pyfunc.arrow import decoded, is_list
from bento_pyfunc.body import Document
from bento_pyfunc.columns import describe
from bento_pyfunc.problems import FieldError, invalid


class RawTensors(NamedTuple):
    """Nested lists as they came."""

    #: name -> nested lists; the name is empty for a model with one unnamed array
    tensors: dict[str, Any]
    rows: int
    #: keys seen in the data, for the check on repeated ones
    keys: int


class TensorCodec:
    """Reads arrays by a signature of tensors.

    Parameters
    ----------
    inputs
        MLflow's input schema:
        ``[{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 10]}}]``.
    """

    #: keys of a body that may hold the data
    forms = ("rows", "inputs", "instances")

    def __init__(self, inputs: list[dict[str, Any]]) -> None:
        self.specs = {item.get("name", ""): item["tensor-spec"] for item in inputs}

    def read(self, document: Document, key: str) -> RawTensors:
        """Return the nested lists under `key`, unchecked.

        Raises
        ------
        Problem
            422: the shape is wrong, an array is missing or unknown.
        """
        data = document[key]
        if list(self.specs) == [""]:
            return RawTensors({"": data}, _rows(data), 0)
        if not isinstance(data, dict) or set(data) != set(self.specs):
            names = ", ".join(self.specs)
            raise invalid([FieldError(key, None, f"must be an object with the arrays {names}")])
        return RawTensors(data, max(map(_rows, data.values())), len(data))

    def read_arrow(self, table: Any) -> RawTensors:
        """Return the arrays of a ``pyarrow.Table``: a column of lists each.

        An unnamed array of two dimensions may also be a column of numbers for each of its own.

        Raises
        ------
        Problem
            422: an array is missing or unknown, its lists are of several lengths, or in them is
            something else than numbers or booleans.
        """
        names = list(self.specs)
        if names == [""]:
            flat = len(self.specs[""]["shape"]) == 1
            return RawTensors({"": _unnamed(table, flat)}, table.num_rows, 0)
        if set(table.column_names) != set(names) or len(names) != table.num_columns:
            message = f"The stream must have the columns {', '.join(names)}"
            raise invalid([FieldError("", None, message)])
        arrays = {name: _dense(name, table.column(name)) for name in names}
        return RawTensors(arrays, table.num_rows, 0)

    def table(self, raw: RawTensors) -> Any:
        """Check every array and return the array, or a dict of arrays.

        Raises
        ------
        Problem
            422: an array has another type or shape than the signature.
        """
        errors: list[FieldError] = []
        arrays = {name: self._array(name, data, errors) for name, data in raw.tensors.items()}
        if errors:
            raise invalid(errors)
        return arrays[""] if list(arrays) == [""] else arrays

    def _array(self, name: str, data: Any, errors: list[FieldError]) -> Any:
        spec = self.specs[name]
        want, shape = np.dtype(spec["dtype"]), spec["shape"]
        array = _plain(data)
        message = _misfit(array, want, shape, data)
        if message:
            errors += _by_row(name or "inputs", data, want, shape, message)
        return None if message else array.astype(want)


def _unnamed(table: Any, flat: bool) -> np.ndarray[Any, Any]:
    """Return the one array of a table: its only column, or its columns beside each other.

    Parameters
    ----------
    flat
        Whether the array has one dimension.
    """
    if not table.num_columns:
        raise invalid([FieldError("", None, "The stream has no columns")])
    parts = [_dense(*each) for each in zip(table.column_names, table.columns, strict=True)]
    if len(parts) == 1 and (flat or parts[0].ndim > 1):
        return parts[0]
    # NumPy makes numbers of booleans among numbers.
    if len({part.dtype.kind == "b" for part in parts}) > 1:
        raise invalid([FieldError("", None, "The columns must be all booleans, or all numbers")])
    return np.column_stack(parts)


def _is_plain(kind: Any) -> bool:
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    return bool(number or pa.types.is_boolean(kind))


def _dense(name: str, column: Any) -> np.ndarray[Any, Any]:
    """Return a column of (lists of ...) values as an array."""
    data = decoded(column).combine_chunks()
    extended = getattr(data.type, "shape", None)
    # An extension such as a fixed-shape tensor lies on a list.
    data = getattr(data, "storage", data)
    shape = [len(data)]
    while is_list(data.type) and not data.null_count:
        lengths = set(data.value_lengths().to_pylist())
        if len(lengths) > 1:
            raise invalid([FieldError(name, None, "must hold lists of one length")])
        shape.append(lengths.pop() if lengths else 0)
        data = data.flatten()
    if data.null_count:
        raise invalid([FieldError(name, None, "must not have nulls")])
    if not _is_plain(data.type):
        message = f"must hold numbers or booleans, not Arrow's {str(data.type)[:80]}"
        raise invalid([FieldError(name, None, message)])
    if extended is not None:
        shape[1:] = extended
    return np.asarray(data.to_numpy(zero_copy_only=False)).reshape(shape)


def _rows(data: Any) -> int:
    return len(data) if isinstance(data, list) else 0


def _plain(data: Any) -> np.ndarray[Any, Any]:
    """Return nested lists as an array; one of objects where the values are not of one kind."""
    if isinstance(data, np.ndarray):
        return data
    try:
        array = np.array(data)
        # NumPy makes numbers of booleans among numbers.
        if array.dtype.kind in "fiu" and bool in _types(data, array.ndim):
            return np.empty(array.shape, dtype=object)
    except (ValueError, OverflowError):
        return np.empty(0, dtype=object)
    return array


def _types(data: Any, depth: int) -> set[type]:
    values: Iterable[Any] = [data]
    for _ in range(depth):
        values = chain.from_iterable(values)
    return set(map(type, values))


def _by_row(
    name: str, data: Any, want: np.dtype[Any], shape: list[int], message: str
) -> list[FieldError]:
    """Return the first of the rows that are wrong by themselves; else the whole is."""
    if isinstance(data, list) and len(shape) > 1:
        for number, row in enumerate(data):
            wrong = _misfit(_plain(row), want, shape[1:], row)
            if wrong:
                return [FieldError(name, number, wrong)]
    return [FieldError(name, None, message)]


def _misfit(array: np.ndarray[Any, Any], want: np.dtype[Any], shape: list[int], data: Any) -> str:
    if not isinstance(data, list | np.ndarray):
        return f"must be a list, not {describe(data)}"
    kinds = {"f": "iuf", "i": "iu", "u": "iu", "b": "b"}[want.kind]
    if array.dtype.kind not in kinds:
        return f"must hold {want.name} values only, in lists of one length"
    fits = len(shape) == array.ndim and all(
        known in (-1, got) for known, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        return f"must have the shape {tuple(shape)}, not {array.shape}"
    return _beyond(array, want)


def _beyond(array: np.ndarray[Any, Any], want: np.dtype[Any]) -> str:
    if want.kind in "iu" and not _within(array, want):
        return f"must hold {want.name} values only"
    # JSON has no NaN; by Arrow, it makes the comparison false.
    if want.kind == "f" and array.size and not np.abs(array).max() <= np.finfo(want).max:
        return f"must hold finite numbers within {want.name}"
    return ""


def _within(array: np.ndarray[Any, Any], want: np.dtype[Any]) -> bool:
    bounds = np.iinfo(want)
    return array.size == 0 or (int(array.min()) >= bounds.min and int(array.max()) <= bounds.max)
