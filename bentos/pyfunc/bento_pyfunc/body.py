"""Request body -> JSON document, refusing what is not unambiguous JSON."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from bento_pyfunc.problems import malformed

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_NOT_JSON = re.compile(rb"NaN|Infinity")

Document = dict[str, Any]


def parse(body: bytes) -> Document:
    """Return the JSON object in `body`.

    orjson refuses NaN and infinities, invalid UTF-8, lone surrogates, a byte order mark and
    nesting deeper than 1024 by itself.

    Raises
    ------
    Problem
        400: it is not JSON, or no object.
    """
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        hint = " JSON has no NaN or Infinity: send null." if _NOT_JSON.search(body) else ""
        where = f"line {error.lineno}, column {error.colno}"
        raise malformed(f"{error.msg} at {where}.{hint}") from None
    if not isinstance(document, dict):
        raise malformed('The body must be an object, for example {"rows": [...]}.')
    return document


def refuse_repeated_keys(body: bytes, keys: int) -> None:
    """Refuse a body in which a key stands twice in one object.

    Parsers keep one of the two and drop the other silently. Outside strings there is one colon a
    key, so counting colons against the `keys` that were kept costs next to nothing.

    Raises
    ------
    Problem
        400: a key is repeated.
    """
    if body.count(b":") == keys or _STRING.sub(b"", body).count(b":") == keys:
        return
    try:
        json.loads(body, object_pairs_hook=_unique)
    except RecursionError:
        raise malformed("The body is nested too deeply.") from None


def _unique(pairs: list[tuple[str, Any]]) -> Document:
    document: Document = {}
    for key, value in pairs:
        if key in document:
            raise malformed(f"The key {key[:80]!r} is there twice in one object.")
        document[key] = value
    return document
