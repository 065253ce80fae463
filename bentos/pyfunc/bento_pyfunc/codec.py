"""Bytes of a request -> what the model takes; what the model gives -> bytes of a response."""

from __future__ import annotations

from typing import Any, NamedTuple

from bento_pyfunc import lines
from bento_pyfunc.answers import Writer
from bento_pyfunc.body import Document, parse, refuse_repeated_keys, refuse_too_many_rows
from bento_pyfunc.columns import KINDS, Column, describe
from bento_pyfunc.media import Form
from bento_pyfunc.problems import MOST_ERRORS, FieldError, invalid, too_many_rows
from bento_pyfunc.spec import Spec
from bento_pyfunc.tables import TableCodec
from bento_pyfunc.tensors import TensorCodec


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
        self._nested = isinstance(self.data, TableCodec) and self.data.is_nested
        self._max_rows = spec.max_rows
        self._max_bytes = spec.max_body_bytes
        self._writer = Writer(spec.label)

    def decode(self, body: bytes, form: Form = Form.JSON) -> Request:
        """Return the request in `body`; its values are checked by ``data.table`` afterwards.

        Raises
        ------
        Problem
            400: not in its form; 413: too many rows; 422: not the shape that the signature asks
            for.
        """
        if form is Form.ARROW:
            return self._read_arrow(body)
        document = self._parse(body, form)
        key = self._key(document)
        raw = self.data.read(document, key)
        if raw.rows > self._max_rows:
            raise too_many_rows(raw.rows, self._max_rows)
        if raw.rows == 0:
            raise invalid([FieldError(key, None, "has no rows")])
        params = document.get("params")
        # In lines, "rows" is no key that came.
        lines = form is Form.NDJSON
        counted = raw.keys + (0 if lines else len(document) + _size(params))
        came = document[key] if lines else document
        refuse_repeated_keys(body, came, None if self._nested else counted, lines=lines)
        return Request(raw, self._read_params(params) if params is not None else {})

    def _parse(self, body: bytes, form: Form) -> Document:
        if form is Form.NDJSON:
            return {"rows": lines.parse(body, self._max_rows)}
        if isinstance(self.data, TableCodec) and not self._nested:
            refuse_too_many_rows(body, self._max_rows, len(self.data.names))
        return parse(body)

    def _read_arrow(self, body: bytes) -> Request:
        from bento_pyfunc import ipc

        table = ipc.read(body, self._max_rows, self._max_bytes)
        raw = self.data.read_arrow(table)
        if raw.rows == 0:
            raise invalid([FieldError("", None, "The stream has no rows")])
        params = (table.schema.metadata or {}).get(b"params")
        return Request(raw, self._read_params(_unambiguous(params)) if params is not None else {})

    def encode(
        self, predictions: Any, form: Form = Form.JSON, classes: list[Any] | None = None
    ) -> bytes:
        """Return the body of the response; see :meth:`Writer.write`."""
        return self._writer.write(predictions, form, classes)

    def _key(self, document: Document) -> str:
        forms = self.data.forms
        known = [key for key in document if key in forms]
        unknown = [key for key in document if key not in forms and key != "params"]
        if unknown or len(known) != 1:
            names = ", ".join(forms)
            message = "is not a key of the body" if unknown else "must be there once"
            field = unknown[0][:80] if unknown else "rows"
            raise invalid([FieldError(field, None, f"{message}; the data goes in one of: {names}")])
        return known[0]

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


def _unambiguous(text: bytes) -> Document:
    document = parse(text)
    refuse_repeated_keys(text, document, len(document))
    return document


def _size(params: Any) -> int:
    return len(params) if isinstance(params, dict) else 0
