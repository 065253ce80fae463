"""The gate ``metric``: absolute, against the champion on the same rows, and slice by slice."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from labline.errors import nearest
from labline.promotion.comparison import Comparison, Measured
from labline.promotion.evidence import Evidence, Verdict
from labline.promotion.gates import Gate
from labline.settings import MetricSettings, StageSettings


class MetricGate(Gate):
    """The metric is within its limits, in each slice too, and not worse than the champion's."""

    name = "metric"
    example = 'metric = { name = "roc_auc", min = 0.75 }'

    def asks(self, stage: StageSettings) -> list[str]:
        """Say each limit of the stage's ``metric``."""
        return list(_asked(stage.metric)) if stage.metric else super().asks(stage)

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        """Compare with the limits of the stage's ``metric``."""
        rule = stage.metric
        if rule is None:
            return self.failed(
                "The stage asks for the metric gate but says nothing of the metric.",
                f"Add {self.example} to the stage in labline.toml.",
            )
        metrics = evidence.candidate.run.metrics
        value = metrics.get(rule.name)
        if value is None:
            return self.failed(
                f"The run has no metric {rule.name!r}. {nearest(rule.name, metrics)}",
                f"Log it in the notebook: %log {rule.name}=...",
                metric=rule.name,
            )
        if math.isnan(value):
            return self.failed(
                f"{rule.name} is NaN.",
                "Find the cell that computes it: a metric must be a number.",
                metric=rule.name,
            )
        numbers = _numbers(rule, value, evidence.comparison)
        verdicts = (
            self._limits(rule, value, numbers),
            self._slices(rule, evidence, numbers),
            self._versus(rule, value, evidence, numbers),
        )
        refusal = next((item for item in verdicts if item and not item.passed), None)
        return refusal or verdicts[-1]

    def _limits(
        self, rule: MetricSettings, value: float, numbers: dict[str, Any]
    ) -> Verdict | None:
        broken = _beyond(value, rule.min, rule.max)
        if broken is None:
            return None
        limit, words, sign = broken
        return self.failed(
            f"{rule.name} is {value:.6g}, the limit is {words} {limit:.6g}.",
            f"Train a candidate with {rule.name} {sign} {limit:.6g}.",
            **numbers,
            limit=limit,
        )

    def _slices(
        self, rule: MetricSettings, evidence: Evidence, numbers: dict[str, Any]
    ) -> Verdict | None:
        """Return the refusal of the slice that is worst, if one is beyond its limit."""
        if not rule.slices:
            return None
        compared = evidence.comparison
        missing = _unsliced(rule, compared)
        if compared is None or missing:
            return self.failed(
                f"The slices of {', '.join(missing) or 'the policy'} cannot be judged: "
                f"{_why(rule, compared)}",
                "Log the model with the labels and the columns to slice by: "
                "%log --model model --data X_test,y_test",
                **numbers,
            )
        worst = _worst(rule, compared)
        if worst is None:
            return None
        item, (limit, words, sign) = worst
        assert item.candidate.value is not None
        return self.failed(
            f"{rule.name} is {item.candidate.value:.6g} where {item.slice} ({item.rows} rows), "
            f"the limit for a slice is {words} {limit:.6g}.",
            f"Train a candidate with {rule.name} {sign} {limit:.6g} there too: more rows where "
            f"{item.slice}, or features that tell them.",
            **numbers,
            slice=item.slice,
            limit=limit,
        )

    def _versus(
        self, rule: MetricSettings, value: float, evidence: Evidence, numbers: dict[str, Any]
    ) -> Verdict:
        champion = evidence.champion
        gained = _gained(rule, value, evidence)
        if champion is None or rule.versus_champion is None or gained is None:
            return self.passed(f"{rule.name} is {value:.6g}{_judged(rule, evidence)}", **numbers)
        gain, low, high, where = gained
        held = _held(rule, evidence)
        numbers |= {"champion": held, "gain": gain, "gain_low": low, "gain_high": high}
        interval = "" if low is None or high is None else f" [{low:+.4g}, {high:+.4g}]"
        told = f", champion {champion.label} has {held:.6g}" if held is not None else ""
        against = f"{rule.name} is {value:.6g}{told}"
        words = f"a {'gain' if gain >= 0 else 'loss'} of {gain:+.4g}{interval} {where}"
        counts = low if rule.certain and low is not None else gain
        if rule.certain and low is None:
            return self.failed(
                f"{against}: {words}, which has no interval.",
                "Log the model with labels and more held-out rows, or leave out certain.",
                **numbers,
            )
        if counts < rule.versus_champion:
            least = "the lower end of it must be at least" if rule.certain else "the limit is"
            return self.failed(
                f"{against}: {words}, {least} {rule.versus_champion:+.6g}.",
                f"Train a candidate that is better by {rule.versus_champion:+.6g}, "
                "or relax versus_champion.",
                **numbers,
                limit=rule.versus_champion,
            )
        return self.passed(f"{against}: {words}{_judged(rule, evidence)}", **numbers)


def _asked(rule: MetricSettings) -> Iterator[str]:
    name = rule.name
    for words in _bounds(rule.min, rule.max):
        yield f"{name} is {words}"
    gain = rule.versus_champion
    if gain is not None:
        least = f"at least {gain:.6g} better" if gain > 0 else f"at most {-gain:.6g} worse"
        how = f", with {rule.confidence:.0%} confidence" if rule.certain else ""
        yield (
            f"against the champion on the same held-out rows, {name} is "
            f"{least if gain else 'no worse'}{how}"
        )
    for words in _bounds(*_slice_bounds(rule)) if rule.slices else ():
        where = f"{', '.join(rule.slices)} with {rule.slice_rows} rows or more"
        yield f"in each slice by {where}, {name} is {words}"


def _bounds(least: float | None, most: float | None) -> list[str]:
    bounds = (("at least", least), ("at most", most))
    return [f"{words} {limit:.6g}" for words, limit in bounds if limit is not None]


def _slice_bounds(rule: MetricSettings) -> tuple[float | None, float | None]:
    least = rule.slice_min if rule.slice_min is not None else rule.min
    most = rule.slice_max if rule.slice_max is not None else rule.max
    return least, most


Broken = tuple[float, str, str]


def _beyond(value: float, least: float | None, most: float | None) -> Broken | None:
    """Return the limit that a value breaks, in words and as a sign."""
    if least is not None and value < least:
        return least, "at least", ">="
    if most is not None and value > most:
        return most, "at most", "<="
    return None


def _numbers(rule: MetricSettings, value: float, compared: Comparison | None) -> dict[str, Any]:
    bound = rule.min if rule.min is not None else rule.max
    numbers: dict[str, Any] = {"metric": rule.name, "value": value, "bound": bound}
    whole = compared.find(rule.name) if compared else None
    if whole and whole.candidate.low is not None:
        numbers |= {"low": whole.candidate.low, "high": whole.candidate.high}
    return numbers


def _sliced(rule: MetricSettings, compared: Comparison) -> list[Measured]:
    return [item for item in compared.measured if item.metric == rule.name and item.slice]


def _unsliced(rule: MetricSettings, compared: Comparison | None) -> list[str]:
    found = {item.slice.partition(" = ")[0] for item in _sliced(rule, compared)} if compared else ()
    return [column for column in rule.slices if column not in found]


def _why(rule: MetricSettings, compared: Comparison | None) -> str:
    if compared is None:
        return "the run keeps no held-out rows."
    if compared.remarks:
        return " ".join(compared.remarks)
    return f"labline does not know how to compute {rule.name!r} from rows."


def _worst(rule: MetricSettings, compared: Comparison) -> tuple[Measured, Broken] | None:
    least, most = _slice_bounds(rule)
    found = [
        (item, broken)
        for item in _sliced(rule, compared)
        if item.rows >= rule.slice_rows
        and item.candidate.value is not None
        and (broken := _beyond(item.candidate.value, least, most))
    ]
    return max(found, key=lambda pair: _distance(*pair), default=None)


def _distance(item: Measured, broken: Broken) -> float:
    return abs((item.candidate.value or 0.0) - broken[0])


def _judged(rule: MetricSettings, evidence: Evidence) -> str:
    """Say how many slices were judged, and how many had too few rows for it."""
    if not rule.slices or evidence.comparison is None:
        return ""
    sliced = _sliced(rule, evidence.comparison)
    small = sum(item.rows < rule.slice_rows for item in sliced)
    but = f", {small} with fewer than {rule.slice_rows} rows not judged" if small else ""
    return f"; {len(sliced) - small} slices within their limits{but}"


def _held(rule: MetricSettings, evidence: Evidence) -> float | None:
    """Return the champion's value: on the candidate's rows where it is known, else as logged."""
    whole = evidence.comparison.find(rule.name) if evidence.comparison else None
    if whole and whole.change and whole.champion:
        return whole.champion.value
    return evidence.champion.run.metrics.get(rule.name) if evidence.champion else None


def _gained(
    rule: MetricSettings, value: float, evidence: Evidence
) -> tuple[float, float | None, float | None, str] | None:
    """Return the gain over the champion, its interval, and what it was measured on."""
    sign = 1 if rule.greater_is_better else -1
    whole = evidence.comparison.find(rule.name) if evidence.comparison else None
    change = whole.change if whole else None
    if whole and change and change.value is not None:
        ends = [end for end in (change.low, change.high) if end is not None]
        low, high = sorted(sign * end for end in ends) if ends else (None, None)
        return sign * change.value, low, high, f"on the same {whole.rows} rows"
    held = evidence.champion.run.metrics.get(rule.name) if evidence.champion else None
    if held is None or math.isnan(held):
        return None
    return sign * (value - held), None, None, "as logged, each on its own hold-out"
