"""Request body -> JSON document, refusing what is not unambiguous JSON."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import numpy as np
import orjson

from bento_pyfunc.problems import malformed, too_many_rows

_NOT_JSON = re.compile(rb"NaN|Infinity")

_QUOTE = ord('"')
_CHUNK = 2**20
#: bytes in which there is not much to count
_SHORT = 2**12
#: a repeated key is looked for by name in bodies up to this size: the search is slow
_NAMED_BYTES = 2**18

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
        raise malformed(not_json(error, body)) from None
    if not isinstance(document, dict):
        raise malformed('The body must be an object, for example {"rows": [...]}.')
    return document


def not_json(error: orjson.JSONDecodeError, text: bytes) -> str:
    """Return in words where `text` stops being JSON."""
    hint = " JSON has no NaN or Infinity: send null." if _NOT_JSON.search(text) else ""
    return f"{error.msg} at line {error.lineno}, column {error.colno}.{hint}"


def refuse_too_many_rows(body: bytes, max_rows: int, columns: int) -> None:
    """Refuse a body that holds more than `max_rows` rows in any form, before it is parsed.

    A row is an object or a list, or a value in each of the `columns`: none fits without as many
    braces, or as many commas, outside of strings. Parsing a million rows takes most of a second.

    Raises
    ------
    Problem
        413: too many rows.
    """
    if len(body) <= _CHUNK // 4:
        return
    # Beside the rows: the body itself, its params, an object of columns, names and an index.
    for mark, limit in ((b"{", max_rows + 3), (b",", (max_rows + 2) * (columns + 1) + 100)):
        if count(body, mark) > limit and outside_strings(body, mark, limit) > limit:
            raise too_many_rows(f"more than {max_rows}", max_rows)


def refuse_repeated_keys(
    body: bytes, came: Any, counted: int | None = None, *, lines: bool = False
) -> None:
    """Refuse a body in which a key stands twice in one object.

    Parsers keep one of the two and drop the other silently. Outside strings there is one colon a
    key, so counting colons against the keys that were kept costs next to nothing.

    Parameters
    ----------
    came
        What the parser made of the body.
    counted
        Keys in it, as far as they are known already: there are more where a value is an object
        that should be none.
    lines
        Whether the body is one JSON text a line.

    Raises
    ------
    Problem
        400: a key is repeated.
    """
    if counted is not None and _has(body, counted):
        return
    if _has(body, keys(came)):
        return
    if len(body) <= _NAMED_BYTES:
        with suppress(RecursionError):  # of json's: deep down, the key is not named
            for text in body.split(b"\n") if lines else [body]:
                if text.strip():
                    json.loads(text, object_pairs_hook=_unique)
    raise malformed("A key is there twice in one object.")


def _has(body: bytes, keys: int) -> bool:
    return count(body, b":") == keys or outside_strings(body, b":", keys) == keys


def keys(value: Any) -> int:
    """Return how many keys the objects in a JSON value have, all together, however deep."""
    found, inside = 0, [value]
    while inside:
        one = inside.pop()
        if isinstance(one, dict):
            found += len(one)
            inside.extend(one.values())
        elif isinstance(one, list):
            inside.extend(one)
    return found


def count(body: bytes, mark: bytes) -> int:
    """Return how often the byte `mark` is in `body`."""
    # numpy takes ten times as long to begin, bytes.count where there is much to count.
    if len(body) <= _SHORT:
        return body.count(mark)
    return int(np.count_nonzero(np.frombuffer(body, np.uint8) == mark[0]))


def outside_strings(body: bytes, mark: bytes, limit: int) -> int:
    """Return how often `mark` stands outside of strings in the JSON text `body`.

    Parameters
    ----------
    limit
        More than this need not be counted.
    """
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    found, inside = 0, False
    for start in range(0, len(plain), _CHUNK):
        part = np.frombuffer(plain, np.uint8, min(_CHUNK, len(plain) - start), start)
        within = np.logical_xor.accumulate(part == _QUOTE) ^ inside
        found += int(np.count_nonzero((part == mark[0]) & ~within))
        if found > limit:
            break
        inside = bool(within[-1])
    return found


def _unique(pairs: list[tuple[str, Any]]) -> Document:
    document: Document = {}
    for key, value in pairs:
        if key in document:
            raise malformed(f"The key {key[:80]!r} is there twice in one object.")
        document[key] = value
    return document
