"""Requests made from a signature, and what a service may answer to each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labline.promotion.answers import equal, shown, told
from labline.promotion.evidence import Answer

#: MLflow's types of numbers
NUMBERS = frozenset({"double", "float", "long", "integer"})
_FEW = 3
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """One request, and what must come of it."""

    #: in words: what is wrong, or odd, with the request
    name: str
    body: bytes
    #: whether only a 4xx will do; else a right answer will do as well
    refuse: bool = True
    #: the right answer, where it is known
    predictions: Sequence[Any] | None = None
    #: whether, right as it is, it may be refused
    may_refuse: bool = False

    @property
    def shown(self) -> str:
        """The request, short enough for a message."""
        return self._cut(120)

    @property
    def whole(self) -> str:
        """The request for the evidence: all of it, unless it is long."""
        return self._cut(2000)

    def _cut(self, most: int) -> str:
        text = self.body[: 2 * most + 1].decode(errors="replace").strip()
        return f"{text[:most]}..." if len(text) > most else text or "blanks"


def cases(
    inputs: Sequence[Mapping[str, Any]], holdout: Mapping[str, Any], max_body: int
) -> list[Case]:
    """Return the cases for a signature's inputs.

    Parameters
    ----------
    holdout
        ``rows`` that are right, and the ``predictions`` for them.
    max_body
        Bytes that a body may have.
    """
    rows = list(holdout["rows"])
    made = [*_documents(rows, max_body)]
    if rows and isinstance(rows[0], dict):
        made += _tables(inputs, rows, holdout["predictions"])
    return made


def _documents(rows: Sequence[Any], max_body: int) -> Iterator[Case]:
    yield Case("malformed JSON", b'{"rows": [{')
    yield Case("an empty body", b"")
    yield Case("a body that is a list", json.dumps(rows[:1]).encode())
    yield Case("a body without data", b"{}")
    yield Case("an unknown key beside the rows", _body(rows[:1], surprise=1))
    yield Case("no rows", _body([]))
    yield Case("rows that are text", _body("rows"))
    yield Case("a row that is null", _body([None]))
    yield Case("bytes that are no UTF-8", b'{"rows": ["\xff\xfe"]}')
    yield Case("deeply nested JSON", b'{"rows": ' + b"[" * 5000 + b"]" * 5000 + b"}")
    yield Case("an oversized body", _body(rows[:1]) + b" " * max_body)


def _tables(
    inputs: Sequence[Mapping[str, Any]], rows: Sequence[Row], predictions: Sequence[Any]
) -> Iterator[Case]:
    first = rows[0]
    backwards = [dict(reversed(list(row.items()))) for row in rows[:_FEW]]
    yield Case("permuted columns", _body(backwards), False, predictions[:_FEW])
    yield Case("one row", _body(rows[:1]), False, predictions[:1])
    yield Case("an unknown column", _body([{**first, "labline_surprise": 1}]), False)
    for column in inputs:
        yield from _column(column, first)


def _column(column: Mapping[str, Any], row: Row) -> Iterator[Case]:
    name, kind = column["name"], column["type"]
    required = column.get("required", True)
    lacking = {key: value for key, value in row.items() if key != name}
    yield Case(f"{name} missing", _body([lacking]), required)
    yield Case(f"{name} null", _body([{**row, name: None}]), required)
    yield Case(f"{name} an object", _body([{**row, name: {"a": 1}}]))
    if kind in NUMBERS:
        yield Case(f"{name} text", _body([{**row, name: "many"}]))
        yield Case(f"{name} the text NaN", _body([{**row, name: "NaN"}]))
        yield Case(f"{name} NaN", _body([{**row, name: float("nan")}]))
        yield Case(f"{name} infinite", _body([{**row, name: float("inf")}]))
        yield Case(f"{name} huge", _body([{**row, name: 10**30}]), False)
        yield Case(f"{name} negative", _body([{**row, name: -1}]), False)
    elif kind == "string":
        yield Case(f"{name} a number", _body([{**row, name: 17}]))
        yield Case(f"{name} an unknown word", _body([{**row, name: "labline-unknown"}]), False)
        yield Case(f"{name} empty", _body([{**row, name: ""}]), False)


def _body(rows: Any, **more: Any) -> bytes:
    return json.dumps({"rows": rows, **more}).encode()


def breach(case: Case, answer: Answer, tolerance: float) -> str:
    """Return in words what is wrong with an answer; empty where it is right."""
    if not answer.status:
        return f"no answer came ({answer.body}). Request: {case.shown}"
    if answer.status >= 500:
        return f"it broke the service: {told(answer)}. Request: {case.shown}"
    if answer.status == 200:
        return _wrong_answer(case, answer, tolerance)
    if not isinstance(answer.body, dict):
        return f"the refusal {answer.status} says nothing in JSON. Request: {case.shown}"
    if case.predictions is not None and not case.may_refuse:
        return f"it was refused, though nothing is wrong with it: {told(answer)}"
    return ""


def _wrong_answer(case: Case, answer: Answer, tolerance: float) -> str:
    given = answer.body.get("predictions") if isinstance(answer.body, dict) else None
    if given is None:
        return f"the answer has no predictions. Request: {case.shown}"
    if case.predictions is not None:
        if equal(list(case.predictions), given, tolerance):
            return ""
        return f"the answer is {shown(given)}, right is {shown(list(case.predictions))}."
    return f"it was answered as if it were right. Request: {case.shown}" if case.refuse else ""
