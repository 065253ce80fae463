"""Requests that nobody in their right mind sends, made from a seed."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

JSON = "application/json"
_VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 2**31, 2**63, 2**64, -(2**63), 1e308, 5e-324, "", "1", "é\u0000",
    "\U0001f600", "2026-02-30", "9999-12-31T23:59:59", [], {}, [[]], [None], {"a": 1}, "x" * 3000,
]  # fmt: skip
_TOKENS = [
    b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-0", b"01", b"0x10", b"'a'", b"\xff\xfe",
    b"\xef\xbb\xbf", b"\x00", b'"\\ud800"', b"[" * 2000, b'{"a":' * 2000, b"//", b",", b"}", b"]",
    b'"', b"null", b"\\u0000", b"undefined", b"1" * 400, b"\n",
]  # fmt: skip
_KINDS = [
    "application/json; charset=latin-1", "text/plain", "application/x-www-form-urlencoded", "",
    "application/xml", "multipart/form-data; boundary=x", "application/json;;;=\"", "*/*",
    "application/octet-stream", "application/" + "j" * 5000,
]  # fmt: skip
_PATHS = ["/predict/", "/Predict", "/predict?x=" + "y" * 2000, "/..%2f..%2fetc/passwd", "/%00",
          "/predict%0d%0aX: y", "//predict", "/openapi.json", "/version", "/nothing"]  # fmt: skip
_HEADERS = [
    {"content-encoding": "gzip"}, {"x-request-id": "\x7f"}, {"x-request-id": "a" * 4000},
    {"accept": "application/xml"}, {"accept": ";;q=,,"}, {"accept": "text/*;q=nine"},
    {"transfer-encoding": "identity"}, {"expect": "200-ok"}, {"content-type": JSON, "range": "x"},
]  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One request."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"content-type": JSON})


def cases(seed: int, count: int, row: dict[str, Any]) -> list[Case]:
    """Return `count` requests that are wrong in one way or more; the same for the same seed.

    Parameters
    ----------
    row
        A row that the service takes.
    """
    chance = random.Random(seed)
    makers = [_bytes, _tokens, _values, _names, _shapes, _around]
    return [chance.choice(makers)(chance, row) for _ in range(count)]


def _post(document: Any) -> Case:
    return Case("POST", "/predict", json.dumps(document).encode())


def _form(chance: random.Random, rows: list[Any]) -> dict[str, Any]:
    names = list(rows[0])
    return chance.choice([
        {"rows": rows},
        {"columns": {name: [row.get(name) for row in rows] for name in names}},
        {"dataframe_split": {"columns": names, "data": [list(row.values()) for row in rows]}},
        {"inputs": rows},
    ])  # fmt: skip


def _bytes(chance: random.Random, row: dict[str, Any]) -> Case:
    body = bytearray(json.dumps(_form(chance, [row, row])).encode())
    for _ in range(chance.randint(1, 8)):
        body[chance.randrange(len(body))] = chance.randrange(256)
    return Case("POST", "/predict", bytes(body[: chance.choice([len(body), len(body) // 2])]))


def _tokens(chance: random.Random, row: dict[str, Any]) -> Case:
    body = json.dumps(_form(chance, [row])).encode()
    at = chance.randrange(len(body))
    token = chance.choice(_TOKENS)
    return Case("POST", "/predict", body[:at] + token + body[at + chance.randint(0, 3) :])


def _values(chance: random.Random, row: dict[str, Any]) -> Case:
    changed = dict(row)
    for name in chance.sample(list(row), chance.randint(1, 3)):
        changed[name] = chance.choice(_VALUES)
    return _post(_form(chance, [row, changed]))


def _names(chance: random.Random, row: dict[str, Any]) -> Case:
    changed = dict(row)
    for name in chance.sample(list(row), chance.randint(0, 2)):
        changed[chance.choice([name.upper(), name + " ", "", "\u0000", name * 300])] = changed.pop(
            name
        )
    for _ in range(chance.choice([0, 1, 500])):
        changed[f"x{chance.random()}"] = 1
    return _post(_form(chance, [changed, row]))


def _shapes(chance: random.Random, row: dict[str, Any]) -> Case:
    whole: list[Any] = [
        [row], {"rows": row}, {"rows": [[row]]}, {"rows": [row, None]}, {"columns": row},
        {"columns": {name: [value] * chance.randint(0, 3) for name, value in row.items()}},
        {"rows": [row], "columns": {}}, {"rows": [row], "params": {"a": 1}}, {"params": {}}, row,
        {"rows": [row] * chance.choice([0, 1500])}, {"rows": [{}] * 3}, {"rows": 7}, "rows", 3.5,
        {"dataframe_split": {"columns": list(row) * 2, "data": [[1]]}}, {"instances": [[1, 2]]},
        {"inputs": {name: {} for name in row}}, {"dataframe_split": {"columns": [{}], "data": []}},
        {"rows": [{name: {"deep": [value]} for name, value in row.items()}]},
    ]  # fmt: skip
    return _post(chance.choice(whole))


def _around(chance: random.Random, row: dict[str, Any]) -> Case:
    body = json.dumps({"rows": [row]}).encode()
    kind = chance.choice([JSON, *_KINDS])
    method = chance.choice(["POST", "POST", "GET", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE"])
    path = chance.choice(["/predict", "/predict", *_PATHS])
    return Case(method, path, body, {"content-type": kind, **chance.choice([{}, *_HEADERS])})
