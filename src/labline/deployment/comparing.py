"""How two releases answered the same requests: answers in, comparison out."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: relative difference up to which two numbers agree, unless told
TOLERANCE = 1e-6
_EXAMPLES = 5
_CHANGES = 10
_BINS = 20


@dataclass(frozen=True)
class Captured:
    """One request and how one release answered it."""

    id: str
    status: int
    request: str
    answer: str


@dataclass(frozen=True)
class Differences:
    """By how much two releases' numbers differ: candidate minus live."""

    count: int
    mean: float
    #: of the absolute difference
    p50: float
    p95: float
    largest: float
    #: lower bound, upper bound, how many; the bins are of equal width
    bins: tuple[tuple[float, float, int], ...]


@dataclass(frozen=True)
class Change:
    """What the live release says, what the candidate says instead, and how often."""

    live: str
    candidate: str
    count: int


@dataclass(frozen=True)
class Example:
    """A prediction on which two releases do not agree."""

    request_id: str
    #: from 0; None where the whole answers differ
    row: int | None
    #: the row that was asked about, as far as it can be told
    given: Any
    live: Any
    candidate: Any


@dataclass(frozen=True)
class Comparison:
    """How a candidate's answers compare with the live release's, on the same requests."""

    endpoint: str
    live: str
    candidate: str
    tolerance: float
    #: requests that both have answered, of those that are kept
    requests: int = 0
    predictions: int = 0
    #: predictions on which both agree, and their share; None without a prediction
    agreed: int = 0
    agreement: float | None = None
    #: requests that only the live release, or only the candidate, could not answer
    live_failed: int = 0
    candidate_failed: int = 0
    differences: Differences | None = None
    changes: tuple[Change, ...] = ()
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class _Pair:
    """One prediction of both."""

    id: str
    row: int | None
    given: Any
    live: Any
    candidate: Any
    agrees: bool

    @property
    def gap(self) -> float | None:
        """Candidate minus live, where both are numbers."""
        both = (self.live, self.candidate)
        return float(both[1]) - float(both[0]) if all(map(_is_number, both)) else None

    @property
    def weight(self) -> float:
        """How much it is worth showing: the largest differences first."""
        gap = self.gap
        return math.inf if gap is None else abs(gap)


def compare(
    about: Comparison, live: Iterable[Captured], candidate: Iterable[Captured]
) -> Comparison:
    """Return `about` with what the captured answers of both releases say.

    Requests are joined by id. A request that one release answered and the other did not counts as
    one prediction on which they do not agree; one that both refused alike is left out.
    """
    theirs = {each.id: each for each in candidate}
    both = [(mine, theirs[mine.id]) for mine in live if mine.id in theirs]
    pairs = [pair for one, other in both for pair in _pairs(one, other, about.tolerance)]
    apart = sorted((p for p in pairs if not p.agrees), key=lambda p: p.weight, reverse=True)
    gaps = [gap for pair in pairs if (gap := pair.gap) is not None]
    return Comparison(
        about.endpoint,
        about.live,
        about.candidate,
        about.tolerance,
        requests=len(both),
        predictions=len(pairs),
        agreed=len(pairs) - len(apart),
        agreement=1 - len(apart) / len(pairs) if pairs else None,
        live_failed=sum(_failed(one) and not _failed(other) for one, other in both),
        candidate_failed=sum(_failed(other) and not _failed(one) for one, other in both),
        differences=_differences(gaps),
        changes=_changes(apart),
        examples=tuple(
            Example(p.id, p.row, p.given, p.live, p.candidate) for p in apart[:_EXAMPLES]
        ),
    )


def _failed(one: Captured) -> bool:
    return one.status >= 500


def _pairs(one: Captured, other: Captured, tolerance: float) -> list[_Pair]:
    if one.status != other.status:
        return [_Pair(one.id, None, _rows(one), _said(one), _said(other), agrees=False)]
    if one.status != 200:
        return []
    mine, yours = _predictions(one), _predictions(other)
    if len(mine) != len(yours):
        return [_Pair(one.id, None, _rows(one), mine, yours, agrees=False)]
    rows = _rows(one)
    given = rows if len(rows) == len(mine) else [None] * len(mine)
    return [
        _Pair(one.id, row, given[row], a, b, agrees=_agree(a, b, tolerance))
        for row, (a, b) in enumerate(zip(mine, yours, strict=True))
    ]


def _said(one: Captured) -> Any:
    if one.status == 200:
        return _predictions(one)
    title = _document(one.answer).get("detail") or _document(one.answer).get("title")
    return f"{one.status}: {title}" if title else str(one.status)


def _predictions(one: Captured) -> Sequence[Any]:
    found = _document(one.answer).get("predictions", [])
    if isinstance(found, dict):  # one list a column of the answer
        return _turned(found)
    return found if isinstance(found, list) else [found]


def _rows(one: Captured) -> Sequence[Any]:
    body = _document(one.request)
    if isinstance(rows := body.get("rows") or body.get("dataframe_records"), list):
        return rows
    columns = body.get("columns")
    return _turned(columns) if isinstance(columns, dict) else []


def _turned(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a table that is given by columns."""
    lists = [each if isinstance(each, list) else [] for each in columns.values()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*lists, strict=False)]


def _document(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _agree(one: Any, other: Any, tolerance: float) -> bool:
    if _is_number(one) and _is_number(other):
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=1e-12)
    if isinstance(one, list) and isinstance(other, list):
        alike = len(one) == len(other)
        return alike and all(_agree(a, b, tolerance) for a, b in zip(one, other, strict=True))
    if isinstance(one, dict) and isinstance(other, dict):
        alike = one.keys() == other.keys()
        return alike and all(_agree(one[name], other[name], tolerance) for name in one)
    return type(one) is type(other) and bool(one == other)


def _differences(gaps: Sequence[float]) -> Differences | None:
    if not gaps:
        return None
    sizes = sorted(map(abs, gaps))
    return Differences(
        len(gaps),
        math.fsum(gaps) / len(gaps),
        sizes[(len(sizes) - 1) // 2],
        sizes[math.ceil(0.95 * len(sizes)) - 1],
        sizes[-1],
        _histogram(gaps),
    )


def _histogram(gaps: Sequence[float]) -> tuple[tuple[float, float, int], ...]:
    low, high = min(gaps), max(gaps)
    if low == high:
        return ((low, high, len(gaps)),)
    width = (high - low) / _BINS
    counts = Counter(min(_BINS - 1, int((gap - low) / width)) for gap in gaps)
    return tuple((low + i * width, low + (i + 1) * width, counts[i]) for i in range(_BINS))


def _changes(apart: Iterable[_Pair]) -> tuple[Change, ...]:
    """Return the commonest changes of what is not a number."""
    words = Counter(
        (json.dumps(pair.live)[:200], json.dumps(pair.candidate)[:200])
        for pair in apart
        if pair.gap is None
    )
    return tuple(Change(*change, count) for change, count in words.most_common(_CHANGES))
