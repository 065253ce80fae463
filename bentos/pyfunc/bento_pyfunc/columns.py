"""One column of a request: its JSON values checked against the signature, then as an array.

The check is on the *types* of all values at once; only where that fails are the values looked at
one by one, to say which row is wrong.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from bento_pyfunc.problems import MOST_ERRORS, FieldError

Values = Sequence[Any]
Array = Any  # a numpy or pandas array

#: Python types of a JSON number
NUMBER = frozenset({int, float})
_NULL = type(None)
_TEXT = frozenset({str})
_BOOL = frozenset({bool})
# What pandas makes of text by itself: the dtype that the model saw in training.
PANDAS_TEXT: Any = "str" if int(pd.__version__.partition(".")[0]) >= 3 else object

_TO_MICROSECONDS = len("2026-01-31T12:30:00.123456")
# Digits that Python's datetime leaves out; pandas and Arrow have them.
_NANOSECONDS = re.compile(r"[.,]\d{6}(\d{1,3})")


class Unfit(ValueError):
    """A value of the right JSON type that the column cannot hold."""


@dataclass(frozen=True)
class Kind:
    """How one MLflow data type travels as JSON."""

    #: MLflow's name of the type
    name: str
    #: Python types that orjson gives for it
    types: frozenset[type]
    #: what a value must be, in words
    words: str
    #: values without nulls -> array; raises where one does not fit
    array: Callable[[Values], Array]
    #: the same for values with nulls
    nullable: Callable[[Values], Array]
    #: JSON Schema of one value
    schema: dict[str, Any]


@dataclass(frozen=True)
class Column:
    """One input of the signature."""

    name: str
    kind: Kind
    required: bool

    @cached_property
    def types(self) -> frozenset[type]:
        """Python types that a value may have."""
        return self.kind.types if self.required else self.kind.types | {_NULL}

    def array(self, values: Values, errors: list[FieldError]) -> Array:
        """Return the values as the array the model sees, or add to `errors` what is wrong."""
        found = set(map(type, values))
        if not found <= self.types:
            return self._explain(values, errors)
        build = self.kind.nullable if _NULL in found else self.kind.array
        try:
            return build(values)
        except (ValueError, OverflowError):
            return self._explain(values, errors)

    def _explain(self, values: Values, errors: list[FieldError]) -> None:
        for row, value in enumerate(values):
            message = self._wrong(value)
            if message:
                errors.append(FieldError(self.name, row, message))
                if len(errors) >= MOST_ERRORS:
                    return

    def _wrong(self, value: Any) -> str:
        if value is None:
            return "is required and must not be null" if self.required else ""
        if type(value) not in self.kind.types:
            return f"must be {self.kind.words}, not {describe(value)}"
        try:
            self.kind.array([value])
        except Unfit as error:
            return str(error)
        except (ValueError, OverflowError):
            return f"must be {self.kind.words}, not {describe(value)}"
        return ""


def describe(value: Any) -> str:
    """Return a JSON value in words, short enough for a message."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'the string "{value[:40]}{"..." if len(value) > 40 else ""}"'
    if isinstance(value, int | float):
        return f"the number {value}"
    return "a list" if isinstance(value, list) else "an object"


def _double(values: Values) -> Array:
    return np.array(values, dtype=np.float64)


def _float(values: Values) -> Array:
    wide = np.array(values, dtype=np.float64)
    if (np.abs(wide) > np.finfo(np.float32).max).any():
        raise Unfit("is too large for a 32-bit number")
    return wide.astype(np.float32)


def _whole(values: Values) -> Values:
    """Return whole numbers as ``int``; to JSON, and to its schemas, 7.0 is one."""
    if float not in set(map(type, values)):
        return values
    return [_as_int(value) if isinstance(value, float) else value for value in values]


def _as_int(value: float) -> int:
    # Beyond 2**53 a float no longer says which whole number was meant.
    if not value.is_integer() or abs(value) > 2**53:
        raise Unfit(f"must be a whole number, not {describe(value)}")
    return int(value)


def _long(values: Values) -> Array:
    return np.array(_whole(values), dtype=np.int64)


def _integer(values: Values) -> Array:
    wide, bounds = _long(values), np.iinfo(np.int32)
    # Checked here: numpy 1 wraps around without a word.
    if ((wide < bounds.min) | (wide > bounds.max)).any():
        raise Unfit("must be a whole number of 32 bits")
    return wide.astype(np.int32)


def _boolean(values: Values) -> Array:
    return np.array(values, dtype=np.bool_)


def _object(values: Values) -> Array:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _text(values: Values) -> Array:
    if PANDAS_TEXT is object:
        return _object([np.nan if value is None else value for value in values])
    return pd.array(list(values), dtype=PANDAS_TEXT)


def _moment(value: str | None) -> np.datetime64:
    if value is None:
        return np.datetime64("NaT")
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise Unfit(f"must be an ISO 8601 date and time, not {describe(value)}") from None
    if moment.tzinfo is not None:
        # MLflow's datetime has no zone: UTC, as pandas converts.
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    if not 1678 <= moment.year <= 2261:
        raise Unfit("must lie between the years 1678 and 2261")
    finer = _NANOSECONDS.search(value) if len(value) > _TO_MICROSECONDS else None
    at = np.datetime64(moment)
    return at + np.timedelta64(int(finer[1].ljust(3, "0")), "ns") if finer else at


def _datetime(values: Values) -> Array:
    return np.array([_moment(value) for value in values], dtype="datetime64[ns]")


def _bytes(values: Values) -> Array:
    try:
        plain = [None if v is None else base64.b64decode(v, validate=True) for v in values]
    except (binascii.Error, ValueError):
        raise Unfit("must be base64 text") from None
    return _object(plain)


def _nullable_int(dtype: str) -> Callable[[Values], Array]:
    kind: Any = dtype
    return lambda values: pd.array(list(_whole(values)), dtype=kind)


_INTEGER = {"type": "integer"}
#: MLflow data type -> how it travels
KINDS: dict[str, Kind] = {
    "boolean": Kind("boolean", _BOOL, "true or false", _boolean, _object, {"type": "boolean"}),
    "integer": Kind(
        "integer",
        NUMBER,
        "a whole number of 32 bits",
        _integer,
        _nullable_int("Int32"),
        _INTEGER | {"minimum": -(2**31), "maximum": 2**31 - 1},
    ),
    "long": Kind(
        "long",
        NUMBER,
        "a whole number",
        _long,
        _nullable_int("Int64"),
        _INTEGER | {"format": "int64"},
    ),
    "float": Kind(
        "float", NUMBER, "a number", _float, _float, {"type": "number", "format": "float"}
    ),
    "double": Kind(
        "double", NUMBER, "a number", _double, _double, {"type": "number", "format": "double"}
    ),
    "string": Kind("string", _TEXT, "a string", _text, _text, {"type": "string"}),
    "datetime": Kind(
        "datetime",
        _TEXT,
        "an ISO 8601 date and time",
        _datetime,
        _datetime,
        {
            "type": "string",
            "format": "date-time",
            "description": "years 1678 to 2261; UTC where no offset is said",
        },
    ),
    "binary": Kind(
        "binary",
        _TEXT,
        "base64 text",
        _bytes,
        _bytes,
        {"type": "string", "contentEncoding": "base64"},
    ),
}
