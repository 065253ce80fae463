"""A request for a model that takes arrays -> the array, or the arrays by name."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

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
        try:
            array = np.array(data)
        except ValueError:
            array = np.empty(0, dtype=object)
        want = np.dtype(spec["dtype"])
        message = _misfit(array, want, spec["shape"], data)
        if message:
            errors.append(FieldError(name or "inputs", None, message))
        return None if message else array.astype(want)


def _rows(data: Any) -> int:
    return len(data) if isinstance(data, list) else 0


def _misfit(array: np.ndarray[Any, Any], want: np.dtype[Any], shape: list[int], data: Any) -> str:
    if not isinstance(data, list):
        return f"must be a list, not {describe(data)}"
    kinds = {"f": "iuf", "i": "iu", "u": "iu", "b": "b"}[want.kind]
    if array.dtype.kind not in kinds:
        return f"must hold {want.name} values only, in lists of one length"
    fits = len(shape) == array.ndim and all(
        known in (-1, got) for known, got in zip(shape, array.shape, strict=True)
    )
    if not fits:
        return f"must have the shape {tuple(shape)}, not {array.shape}"
    if want.kind in "iu" and not _within(array, want):
        return f"must hold {want.name} values only"
    return ""


def _within(array: np.ndarray[Any, Any], want: np.dtype[Any]) -> bool:
    bounds = np.iinfo(want)
    return array.size == 0 or (int(array.min()) >= bounds.min and int(array.max()) <= bounds.max)
