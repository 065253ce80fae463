"""Whether a window of rows is still like the reference: pure functions of profiles and values."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from labline.datasets import profile
from labline.monitoring.drift_tests import DriftTest
from labline.monitoring.report import Bin, ColumnDrift, Outcome

_NULL = "null"
_OTHER = "other"
_HALF = 0.5


@dataclass(frozen=True)
class Reference:
    """What the training set looked like."""

    #: what it is, in words
    name: str
    rows: int
    #: statistics of each column, as :func:`labline.datasets.profile.column` has them
    columns: Mapping[str, Mapping[str, Any]]
    #: the same of the model's predictions on held-out rows; None where none are kept
    predictions: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Rule:
    """How columns are judged."""

    test: DriftTest
    threshold: float
    #: probability that chance alone stays below the limit, over all columns
    certainty: float


@dataclass(frozen=True)
class Bins:
    """The bins of one column, and how a value finds its own."""

    names: tuple[str, ...]
    #: rows of the reference in each
    counts: tuple[int, ...]
    #: of numbers: ends of all bins but the last, in order
    cuts: tuple[float, ...] = ()

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> Bins | None:
        """Return the bins of a column's statistics; None where its values cannot be counted."""
        nulls = int(known.get("nulls", 0))
        if known.get("counts"):
            # Beyond what the reference has there is a bin at either end: of a column that was
            # always the same, or that leaves its range, nothing else would tell.
            cuts = (math.nextafter(known["min"], -math.inf), *known["cuts"], known["max"])
            names = (f"< {_figure(known['min'])}", *_ranges(known), f"> {_figure(known['max'])}")
            return cls((*names, _NULL), (0, *known["counts"], 0, nulls), cuts)
        if known.get("values"):
            values = known["values"]
            return cls((*values, _OTHER, _NULL), (*values.values(), 0, nulls))
        return None

    def places(self, values: Sequence[Any]) -> list[int]:
        """Return the bin of each value."""
        return [self._place(value) for value in values]

    def _place(self, value: Any) -> int:
        last = len(self.names) - 1
        if profile.absent(value):
            return last
        if self.cuts:
            return bisect_left(self.cuts, value) if profile.number(value) else last
        word = profile.word(value)
        return self.names.index(word) if word in self.names[:-2] else last - 1

    def tally(self, values: Sequence[Any]) -> tuple[int, ...]:
        """Return how many values are in each bin."""
        found = Counter(self.places(values))
        return tuple(found[place] for place in range(len(self.names)))


def _ranges(known: Mapping[str, Any]) -> Iterator[str]:
    ends = [known["min"], *known["cuts"], known["max"]]
    for low, high in pairwise(ends):
        yield _figure(high) if low == high else f"{_figure(low)} to {_figure(high)}"


def _figure(value: float) -> str:
    return f"{value:.4g}"


def compare(
    reference: Reference,
    inputs: Mapping[str, Sequence[Any]],
    predictions: Sequence[Any],
    rule: Rule,
) -> list[ColumnDrift]:
    """Judge each column of a window, and its predictions; the worst first.

    Parameters
    ----------
    inputs
        Values of the window by column, (rows,) each: the columns to judge.
    predictions
        What the model said, (rows,); empty where it is not to be judged.
    """
    asked = [("input", name, reference.columns.get(name), values)
             for name, values in inputs.items()]  # fmt: skip
    if predictions:
        asked.append(("prediction", "prediction", reference.predictions, predictions))
    # Chance has a try in each column (Bonferroni).
    certainty = 1 - (1 - rule.certainty) / max(1, len(asked))
    found = [_judge(of, name, known, values, rule, certainty) for of, name, known, values in asked]
    return sorted(found, key=_badness)


def _badness(found: ColumnDrift) -> tuple[int, float]:
    order = [Outcome.DRIFTED, Outcome.STABLE, Outcome.NOT_JUDGED]
    return order.index(found.outcome), -(found.value or 0.0) / (found.limit or 1.0)


def _judge(
    of: str,
    name: str,
    known: Mapping[str, Any] | None,
    values: Sequence[Any],
    rule: Rule,
    certainty: float,
) -> ColumnDrift:
    bins = Bins.of(known) if known else None
    if bins is None or not values or not sum(bins.counts):
        return ColumnDrift(name, of, Outcome.NOT_JUDGED, f"{name}: {_why(of, known)}")
    found = bins.tally(values)
    names, before, now = _kept(bins.names, bins.counts, found)
    value = rule.test.distance(before, now)
    chance = rule.test.chance(before, now, certainty)
    limit = max(rule.threshold, chance)
    outcome = Outcome.DRIFTED if value > limit else Outcome.STABLE
    says = f"{name}: {rule.test.figure} {value:.3g}, the limit is {limit:.3g}"
    if chance > rule.threshold:
        says += f" (the threshold is {rule.threshold:g}, so few rows reach more by chance)"
    shown = tuple(
        Bin(bin, b / sum(before), n / sum(now))
        for bin, b, n in zip(names, before, now, strict=True)
    )
    return ColumnDrift(name, of, outcome, says, value, limit, shown)


def _kept(
    names: Sequence[str], before: Sequence[int], now: Sequence[int]
) -> tuple[list[str], list[int], list[int]]:
    """Return the bins that one of both has a row in: an empty one tells nothing."""
    there = [each for each in zip(names, before, now, strict=True) if each[1] or each[2]]
    first, second, third = zip(*there, strict=True)
    return list(first), list(second), list(third)


def _why(of: str, known: Mapping[str, Any] | None) -> str:
    if known is None:
        return (
            "the run keeps no predictions on held-out rows to hold these against"
            if of == "prediction"
            else "the reference has no such column"
        )
    if known.get("type") == "time":
        return "times only go forward"
    return "too many different words, or no values, to compare"


def contributions(known: Mapping[str, Any], values: Sequence[Any]) -> list[float]:
    """Return for each value how much it speaks for a drift of its column.

    The logarithm of the share of its bin in the window over that in the reference. The population
    stability index is what this is on average in the window, less what it is in the reference.
    """
    bins = Bins.of(known)
    if bins is None:
        return [0.0] * len(values)
    places, found = bins.places(values), bins.tally(values)
    before, now = sum(bins.counts), len(values)
    weights = [
        math.log((n + _HALF) / (now + _HALF)) - math.log((b + _HALF) / (before + _HALF))
        for b, n in zip(bins.counts, found, strict=True)
    ]
    return [weights[place] for place in places]
