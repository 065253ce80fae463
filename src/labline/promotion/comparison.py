"""Candidate and champion on the same held-out rows: metrics with bootstrap intervals, by slice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labline.promotion.measures import Array, Metric

#: bootstrap samples, and the seed that makes them the same each time
SAMPLES = 1000
SEED = 20
#: a column with more values than this is not sliced unless the policy asks for it
_FEW_VALUES = 8
_MOST_SLICED = 3
_MOST_VALUES = 50


@dataclass(frozen=True)
class Estimate:
    """A value with its bootstrap interval, where there are rows enough for one."""

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Measured:
    """One metric on all rows, or on one slice of them."""

    #: as the run logged it
    metric: str
    #: ``COLUMN = VALUE``; empty for all rows
    slice: str
    rows: int
    greater_is_better: bool
    candidate: Estimate
    #: ``None`` without a champion, or without its predictions
    champion: Estimate | None = None
    #: candidate minus champion, drawn in pairs
    change: Estimate | None = None


@dataclass(frozen=True)
class Comparison:
    """What the held-out rows say of candidate and champion."""

    #: rows that were kept
    rows: int
    #: rows of the whole hold-out
    of: int
    #: share of bootstrap samples that an interval holds
    confidence: float
    measured: tuple[Measured, ...]
    #: what could not be measured, and why
    remarks: tuple[str, ...] = ()

    def find(self, metric: str, slice: str = "") -> Measured | None:
        """Return one metric on all rows, or on a slice."""
        fit = (item for item in self.measured if (item.metric, item.slice) == (metric, slice))
        return next(fit, None)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Comparison:
        """Return what :meth:`to_dict` gave."""
        measured = tuple(_measured(item) for item in data["measured"])
        return cls(**{**data, "measured": measured, "remarks": tuple(data["remarks"])})


def _measured(item: Mapping[str, Any]) -> Measured:
    made = {
        name: Estimate(**item[name]) if item[name] is not None else None
        for name in ("candidate", "champion", "change")
    }
    return Measured(**{**item, **made})


def compare(
    holdout: Mapping[str, Any],
    rival: Mapping[str, Any] | None,
    metrics: Mapping[str, float],
    *,
    slices: Sequence[str] = (),
    confidence: float = 0.95,
) -> Comparison:
    """Compute on the kept rows what the run logged as `metrics`, wherever they can tell it.

    Parameters
    ----------
    holdout
        The candidate's: ``rows``, ``labels``, ``predictions`` and, for a classifier, ``scores``.
    rival
        The champion's ``predictions`` and ``scores`` for the same rows.
    slices
        Columns whose values make slices; chosen by their few values unless given.
    """
    rows, labels = holdout.get("rows") or [], holdout.get("labels")
    of = int(holdout.get("of") or len(rows))
    if not rows or labels is None:
        return Comparison(len(rows), of, confidence, (), (_UNLABELLED,))
    table = _Table(holdout, rival, confidence)
    return Comparison(
        len(rows), of, confidence, tuple(table.measure(metrics, slices)), tuple(table.remarks)
    )


_UNLABELLED = (
    "The run keeps no labels of held-out rows, so metrics have no intervals and no slices: "
    "log the model with them, %log --model model --data X_test,y_test"
)


class _Table:
    """The kept rows as arrays, and what is measured on them."""

    def __init__(
        self, holdout: Mapping[str, Any], rival: Mapping[str, Any] | None, confidence: float
    ) -> None:
        self._rows: Sequence[Any] = holdout["rows"]
        self._holdout, self._rival = holdout, rival
        self._confidence = confidence
        self.remarks: list[str] = []
        if len(self._rows) == 1:
            self.remarks.append("The hold-out has one row: nothing can be said of its spread.")

    def measure(self, metrics: Mapping[str, float], slices: Sequence[str]) -> Iterator[Measured]:
        """Yield each metric that is known, on all rows, then on each slice."""
        from labline.promotion import measures

        chosen = list(self._slices(slices))
        for name in sorted(metrics):
            metric = measures.known(name)
            if metric is None:
                continue
            arrays = self._arrays(name, metric)
            if arrays is None:
                continue
            yield self._one(name, metric, arrays, "", list(range(len(self._rows))))
            for called, places in chosen:
                yield self._one(name, metric, arrays, called, places)

    def _one(
        self,
        name: str,
        metric: Metric,
        arrays: tuple[Array, Array, Array | None],
        called: str,
        places: list[int],
    ) -> Measured:
        truth, ours, theirs = (None if item is None else item[places] for item in arrays)
        candidate, champion, change = estimates(metric, truth, ours, theirs, self._confidence)
        if not called and candidate.value is None:
            self.remarks.append(f"{name} is undefined on the kept rows: {_undefined(truth)}.")
        return Measured(
            name, called, len(places), metric.greater_is_better, candidate, champion, change
        )

    def _arrays(self, name: str, metric: Metric) -> tuple[Array, Array, Array | None] | None:
        """Return truth, candidate's and champion's answers, as the metric takes them."""
        part = "scores" if metric.takes == "scores" else "predictions"
        ours, theirs = self._holdout.get(part), (self._rival or {}).get(part)
        if ours is None:
            self.remarks.append(f"{name} needs probabilities; the model has no predict_proba.")
            return None
        if self._rival is not None and theirs is None:
            self.remarks.append(
                f"{name} of the champion is not known for these rows: its service gives classes, "
                "not probabilities."
            )
        try:
            return _encoded(metric.takes, self._holdout, ours, theirs)
        except (TypeError, ValueError) as error:
            self.remarks.append(f"{name} cannot be computed from the kept rows: {error}")
            return None

    def _slices(self, columns: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
        first = self._rows[0]
        if not isinstance(first, dict):
            return
        chosen = columns or [name for name in first if self._sliceable(name)][:_MOST_SLICED]
        for column in chosen:
            if column not in first:
                self.remarks.append(f"There is no column {column!r} to slice by.")
                continue
            yield from self._values(column)

    def _values(self, column: str) -> Iterator[tuple[str, list[int]]]:
        found: dict[str, list[int]] = {}
        for place, row in enumerate(self._rows):
            found.setdefault(_said(row.get(column)), []).append(place)
        for value in sorted(found)[:_MOST_VALUES]:
            yield f"{column} = {value}", found[value]
        if len(found) > _MOST_VALUES:
            self.remarks.append(
                f"{column} has {len(found)} values; {_MOST_VALUES} of them are measured."
            )

    def _sliceable(self, column: str) -> bool:
        values = [row.get(column) for row in self._rows]
        if any(isinstance(value, float | int) and not isinstance(value, bool) for value in values):
            return False
        return 1 < len({_said(value) for value in values}) <= _FEW_VALUES


def estimates(
    metric: Metric, truth: Any, ours: Any, theirs: Any | None, confidence: float
) -> tuple[Estimate, Estimate | None, Estimate | None]:
    """Return the candidate's value, the champion's, and their difference, with intervals."""
    import numpy as np

    from labline.promotion.measures import draws

    once = np.ones((1, len(truth)))
    drawn = draws(len(truth), SAMPLES, SEED)

    def both(answers: Any) -> tuple[float, Any]:
        return float(metric.measure(once, truth, answers)[0]), metric.measure(drawn, truth, answers)

    value, spread = both(ours)
    mine = _estimate(value, spread, len(truth), confidence)
    if theirs is None:
        return mine, None, None
    other, others = both(theirs)
    return (
        mine,
        _estimate(other, others, len(truth), confidence),
        _estimate(value - other, spread - others, len(truth), confidence),
    )


def _estimate(value: float, spread: Any, rows: int, confidence: float) -> Estimate:
    import numpy as np

    if not math.isfinite(value):
        return Estimate(None)
    defined = spread[np.isfinite(spread)]
    # Where most samples leave the metric undefined, the others are no picture of its spread.
    if rows < 2 or len(defined) < len(spread) / 2:
        return Estimate(value)
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(value, float(low), float(high))


def _encoded(
    takes: str, holdout: Mapping[str, Any], ours: Any, theirs: Any | None
) -> tuple[Any, Any, Any | None]:
    import numpy as np

    labels = [item[0] if isinstance(item, list) and len(item) == 1 else item
              for item in holdout["labels"]]  # fmt: skip
    if takes == "numbers":
        made = [np.asarray(side, float).reshape(len(labels), -1)[:, 0]
                for side in (labels, ours, *([] if theirs is None else [theirs]))]  # fmt: skip
        return made[0], made[1], made[2] if theirs is not None else None
    names = holdout.get("classes") or _names(labels, ours, theirs if takes == "classes" else None)
    if takes == "classes":
        sides = [_numbered(side, names) for side in (labels, ours)]
        return sides[0], sides[1], None if theirs is None else _numbered(theirs, names)
    scores = [None if side is None else np.asarray(side, float) for side in (ours, theirs)]
    return _numbered(labels, names), scores[0], scores[1]


def _names(*sides: Sequence[Any] | None) -> list[Any]:
    found = {_flat(item) for side in sides if side is not None for item in side}
    return sorted(found, key=lambda item: (str(type(item)), item))


def _numbered(side: Sequence[Any], names: Sequence[Any]) -> Any:
    import numpy as np

    numbers = {name: place for place, name in enumerate(names)}
    for item in side:
        numbers.setdefault(_flat(item), len(numbers))
    return np.asarray([numbers[_flat(item)] for item in side])


def _flat(item: Any) -> Any:
    found = item[0] if isinstance(item, list) and len(item) == 1 else item
    return "null" if found is None else found


def _said(value: Any) -> str:
    return (
        "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )


def _undefined(truth: Any) -> str:
    import numpy as np

    if len(truth) == 1:
        return "there is only one"
    return "they are all of one class" if len(np.unique(truth)) == 1 else "see the predictions"
