"""A metric by groups of held-out rows, and how far the groups are apart, by Fairlearn."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from labline.datasets.profile import absent, number, word
from labline.errors import nearest
from labline.settings import FairnessSettings

_NUMBERS = frozenset({"mean_prediction", "mae", "rmse"})
_MOST_GROUPS = 20

Metric = Callable[[Sequence[float], Sequence[float]], float]


class Unfit(Exception):
    """The held-out rows do not tell."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.reason, self.fix = reason, fix


class Column:
    """A metric by the groups that a column makes."""

    def __init__(
        self,
        name: str,
        rule: FairnessSettings,
        rows: Sequence[Mapping[str, Any]],
        truth: Sequence[float],
        guess: Sequence[float],
    ) -> None:
        self.name, self._rule = name, rule
        groups = [word(row.get(name)) if not absent(row.get(name)) else "null" for row in rows]
        self.sizes = Counter(groups)
        if len(self.sizes) > _MOST_GROUPS:
            raise Unfit(
                f"{name} has {len(self.sizes)} different values, too many for groups.",
                "Group by a column of few values, such as age bands.",
            )
        judged = {group for group, size in self.sizes.items() if size >= rule.rows}
        values, self.difference, self.ratio = _by_group(rule, truth, guess, groups, judged)
        self.values: Mapping[str, float] = values

    @property
    def count(self) -> int:
        """Groups that are judged."""
        return len(self.values)

    @property
    def sized(self) -> str:
        """Every group with its rows."""
        return ", ".join(f"{group}: {size}" for group, size in sorted(self.sizes.items()))

    @property
    def says(self) -> str:
        """The metric of each group, in words."""
        known = ", ".join(f"{group} {value:.3g}" for group, value in sorted(self.values.items()))
        few = sorted(set(self.sizes) - set(self.values))
        untold = f"; not judged, as too few rows tell: {', '.join(few)}" if few else ""
        return f"{self._rule.metric} by {self.name} is {known}{untold}"

    @property
    def apart(self) -> str:
        """How far the groups are apart, by what is limited."""
        rule, told = self._rule, []
        if rule.difference is not None:
            told.append(f"a difference of {self.difference:.3g} (limit {rule.difference:g})")
        if rule.ratio is not None:
            told.append(f"a ratio of {self.ratio:.3g} (limit {rule.ratio:g})")
        return ", ".join(told)

    @property
    def wrong(self) -> str:
        """Which limit does not hold; empty where all do."""
        rule = self._rule
        if rule.difference is not None and self.difference > rule.difference:
            return f"a difference of {self.difference:.3g}, the limit is {rule.difference:g}"
        if rule.ratio is not None and self.ratio < rule.ratio:
            return f"a ratio of {self.ratio:.3g}, the limit is at least {rule.ratio:g}"
        return ""

    @property
    def told(self) -> Mapping[str, Any]:
        """The numbers for the evidence."""
        return {
            "groups": dict(self.values),
            "rows": dict(self.sizes),
            "difference": self.difference,
            "ratio": self.ratio,
        }


def values_of(
    holdout: Mapping[str, Any], rule: FairnessSettings
) -> tuple[list[float], list[float]]:
    """Return truth and guess as numbers: as they are, or 1 where the positive class is meant."""
    guess = [_one(value) for value in holdout["predictions"]]
    truth = guess if holdout.get("labels") is None else [_one(value) for value in holdout["labels"]]
    if rule.metric in _NUMBERS:
        if not all(map(number, [*truth, *guess])):
            raise Unfit(
                f"{rule.metric} needs numbers, and labels or predictions are none.",
                "For classes use selection_rate, true_positive_rate, false_positive_rate, accuracy "
                "or precision.",
            )
        return truth, guess
    if rule.metric == "accuracy":
        return [1.0] * len(truth), [
            float(word(a) == word(b)) for a, b in zip(truth, guess, strict=True)
        ]
    positive = _positive({word(value) for value in [*truth, *guess]}, rule)
    return [float(word(value) == positive) for value in truth], [
        float(word(value) == positive) for value in guess
    ]


def _one(value: Any) -> Any:
    """Return a label; a table of one column gives it in an object."""
    return next(iter(value.values()), None) if isinstance(value, dict) else value


def _positive(classes: set[str], rule: FairnessSettings) -> str:
    names = sorted(classes)
    if rule.positive is not None:
        if rule.positive not in classes:
            raise Unfit(
                f"No held-out label or prediction is {rule.positive!r}, which fairness.positive "
                "names.",
                nearest(rule.positive, names),
            )
        return rule.positive
    if len(names) != 2:
        shown = ", ".join(names[:8]) + (" ..." if len(names) > 8 else "")
        raise Unfit(
            f"There are {len(names)} classes in the hold-out ({shown}), so it is not clear which "
            f"of them {rule.metric} is of.",
            "Name it: fairness.positive; of numbers use mean_prediction, mae or rmse.",
        )
    return names[1]


def _by_group(
    rule: FairnessSettings,
    truth: Sequence[float],
    guess: Sequence[float],
    groups: Sequence[str],
    judged: set[str],
) -> tuple[dict[str, float], float, float]:
    """Return the metric of each group, and largest difference and smallest ratio between two.

    Bird and others, "Fairlearn: A toolkit for assessing and improving fairness in AI", Microsoft
    MSR-TR-2020-32; ``MetricFrame.difference`` and ``ratio`` between groups.
    """
    from fairlearn.metrics import MetricFrame

    metric = _function(rule)
    kept = [place for place, group in enumerate(groups) if group in judged]
    if not kept:
        return {}, 0.0, 1.0
    frame = MetricFrame(
        metrics=metric,
        y_true=[truth[place] for place in kept],
        y_pred=[guess[place] for place in kept],
        sensitive_features=[groups[place] for place in kept],
    )
    known = {str(group): float(value) for group, value in frame.by_group.items()}
    told = {group: value for group, value in known.items() if math.isfinite(value)}
    if len(told) < len(known):
        return _by_group(rule, truth, guess, groups, set(told))
    difference, ratio = float(frame.difference()), float(frame.ratio())
    # Nothing over nothing: every group has none.
    return told, difference, ratio if math.isfinite(ratio) else 1.0


def _function(rule: FairnessSettings) -> Metric:
    from fairlearn import metrics
    from sklearn.metrics import mean_absolute_error, mean_squared_error

    made: Mapping[str, Metric] = {
        "selection_rate": metrics.selection_rate,
        "true_positive_rate": _among(1.0),
        "false_positive_rate": _among(0.0),
        "accuracy": metrics.mean_prediction,
        "precision": _precision,
        "mean_prediction": metrics.mean_prediction,
        "mae": mean_absolute_error,
        "rmse": lambda truth, guess: float(mean_squared_error(truth, guess)) ** 0.5,
    }
    return made[rule.metric]


def _among(label: float) -> Metric:
    """Return the share of selected among rows of a label; NaN where a group has none of it."""

    def rate(truth: Sequence[float], guess: Sequence[float]) -> float:
        chosen = [said for real, said in zip(truth, guess, strict=True) if real == label]
        return sum(chosen) / len(chosen) if chosen else float("nan")

    return rate


def _precision(truth: Sequence[float], guess: Sequence[float]) -> float:
    chosen = [real for real, said in zip(truth, guess, strict=True) if said == 1]
    return sum(chosen) / len(chosen) if chosen else float("nan")
