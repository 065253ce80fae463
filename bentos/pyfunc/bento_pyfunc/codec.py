"""Bytes of a request -> what the model takes; what the model gives -> bytes of a response."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

import numpy as np
import orjson
import pandas as pd

from bento_pyfunc.body import Document, parse, refuse_repeated_keys, refuse_too_many_rows
from bento_pyfunc.columns import KINDS, Column, describe
from bento_pyfunc.problems import MOST_ERRORS, FieldError, invalid, too_many_rows
from bento_pyfunc.spec import Spec
from bento_pyfunc.tables import TableCodec
from bento_pyfunc.tensors import TensorCodec

_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS


class Request(NamedTuple):
    """A request, checked."""

    #: values as they came, for :meth:`TableCodec.table`, ``.matrix`` or :meth:`TensorCodec.table`
    raw: Any
    params: dict[str, Any]


class Codec:
    """Reads and writes bodies by the model's signature."""

    def __init__(self, spec: Spec) -> None:
        tensors = spec.inputs[0]["type"] == "tensor"
        self.data: TableCodec | TensorCodec = (
            TensorCodec(spec.inputs) if tensors else TableCodec(spec.inputs)
        )
        self.params = {item["name"]: item for item in spec.params}
        self._max_rows = spec.max_rows
        self._tail = b',"model":' + orjson.dumps(spec.label) + b"}"

    def decode(self, body: bytes) -> Request:
        """Return the request in `body`; its values are checked by ``data.table`` afterwards.

        Raises
        ------
        Problem
            400: not JSON; 413: too many rows; 422: not the shape that the signature asks for.
        """
        if isinstance(self.data, TableCodec):
            refuse_too_many_rows(body, self._max_rows, len(self.data.names))
        document = parse(body)
        key = self._key(document)
        raw = self.data.read(document, key)
        if raw.rows > self._max_rows:
            raise too_many_rows(raw.rows, self._max_rows)
        if raw.rows == 0:
            raise invalid([FieldError(key, None, "has no rows")])
        params = document.get("params")
        refuse_repeated_keys(body, len(document) + raw.keys + _size(params))
        return Request(raw, self._read_params(params) if params is not None else {})

    def encode(self, predictions: Any) -> bytes:
        """Return the body of the response.

        Raises
        ------
        TypeError
            The model gave something that has no form in JSON.
        """
        plain = orjson.dumps(_jsonable(predictions), default=_default, option=_OPTIONS)
        return b'{"predictions":' + plain + self._tail

    def _key(self, document: Document) -> str:
        forms = self.data.forms
        keys = [key for key in document if key in forms]
        unknown = [key for key in document if key not in forms and key != "params"]
        if unknown or len(keys) != 1:
            known = ", ".join(forms)
            message = "is not a key of the body" if unknown else "must be there once"
            field = unknown[0][:80] if unknown else "rows"
            raise invalid([FieldError(field, None, f"{message}; the data goes in one of: {known}")])
        return keys[0]

    def _read_params(self, given: Any) -> dict[str, Any]:
        if not isinstance(given, dict):
            raise invalid([FieldError("params", None, f"must be an object, not {describe(given)}")])
        errors: list[FieldError] = []
        read = {}
        for name, value in given.items():
            read[name] = self._read_param(name, value, errors)
            if len(errors) >= MOST_ERRORS:
                break
        if errors:
            raise invalid([FieldError(e.field, None, e.message) for e in errors])
        return read

    def _read_param(self, name: str, value: Any, errors: list[FieldError]) -> Any:
        if name not in self.params:
            known = ", ".join(self.params) or "none"
            errors.append(
                FieldError(name, None, f"is not a parameter of the model; it has: {known}")
            )
            return None
        item = self.params[name]
        column = Column(name, KINDS[item["type"]], required=True)
        if item.get("shape") is None:
            array = column.array([value], errors)
            return None if array is None else array[0]
        if not isinstance(value, list):
            errors.append(FieldError(name, None, f"must be a list, not {describe(value)}"))
            return None
        array = column.array(value, errors)
        return None if array is None else list(array)


def _size(params: Any) -> int:
    return len(params) if isinstance(params, dict) else 0


def _jsonable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, pd.DataFrame):
        return value.to_dict("records")
    if hasattr(value, "toarray"):  # SciPy's sparse matrices
        return value.toarray().tolist()
    return value.tolist() if isinstance(value, pd.Series | pd.Index) else value


def _array(value: np.ndarray[Any, Any]) -> Any:
    if value.dtype.kind == "M":
        return value.astype("datetime64[us]").tolist()
    plain = value.dtype.kind in "fiub" and value.dtype.isnative and value.flags.c_contiguous
    return value if plain else value.tolist()


def _default(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if pd.api.types.is_scalar(value) and pd.isna(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
