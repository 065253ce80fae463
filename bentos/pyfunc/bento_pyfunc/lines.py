"""NDJSON: one JSON object a line, one line a row."""

from __future__ import annotations

from typing import Any

import orjson

from bento_pyfunc.body import not_json
from bento_pyfunc.problems import malformed, too_many_rows


def parse(body: bytes, max_rows: int) -> list[Any]:
    """Return the rows; empty lines are passed over.

    Raises
    ------
    Problem
        400: a line is not JSON; 413: too many lines.
    """
    empty = body.count(b"\n\n") + body.count(b"\n\r\n") + body.endswith(b"\n")
    if body.count(b"\n") + 1 - empty > max_rows:
        raise too_many_rows(f"more than {max_rows}", max_rows)
    read: list[Any] = []
    try:
        for line in body.split(b"\n"):
            if line and not line.isspace():
                read.append(orjson.loads(line))
    except orjson.JSONDecodeError as error:
        raise malformed(f"Row {len(read)}: {not_json(error, line)}") from None
    return read
