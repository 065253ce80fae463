"""Realised metrics: what the labels that came later say of a model, beside what its run said."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from labline.cards import Card, Carded, Tone
from labline.settings.monitor import MetricsSettings


class Kept(StrEnum):
    """Whether a metric has kept what the run promised."""

    HELD = "held"
    DROPPED = "dropped"
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Realised:
    """One metric on labelled rows of production."""

    #: as the run logged it
    metric: str
    #: what the run logged
    logged: float
    value: float | None
    #: ends of its bootstrap interval; None where there is none
    low: float | None
    high: float | None
    outcome: Kept
    #: in words
    says: str


@dataclass(frozen=True)
class RealisedReport(Carded):
    """What the labels of an endpoint say of its live model."""

    endpoint: str
    #: ``MODEL/VERSION``
    model: str
    at: float
    #: labels that are kept of the endpoint, and those of rows that this model predicted
    labels: int
    joined: int
    outcome: Kept
    says: str
    fix: str
    metrics: tuple[Realised, ...] = ()
    #: what could not be computed, and why
    remarks: tuple[str, ...] = ()

    @property
    def dropped(self) -> list[Realised]:
        """The metrics that dropped."""
        return [each for each in self.metrics if each.outcome is Kept.DROPPED]

    def card(self) -> Card:
        """Return the card of it."""
        facts = [(each.metric, f"{each.outcome}: {each.says}") for each in self.metrics]
        tones: dict[Kept, Tone] = {Kept.HELD: "good", Kept.DROPPED: "bad"}
        notes = [note for note in (self.says, self.fix, *self.remarks) if note]
        tone = tones.get(self.outcome, "open")
        title = f"{self.endpoint} · {self.model}"
        return Card(title, str(self.outcome), tone, facts, notes)


def judge(
    metric: str,
    logged: float,
    found: tuple[float | None, float | None, float | None],
    *,
    greater_is_better: bool,
    rule: MetricsSettings,
) -> Realised:
    """Say whether a metric dropped: further than the rule lets it, and than chance explains.

    Parameters
    ----------
    found
        The value and the ends of its interval.
    """
    value, low, high = found
    if value is None:
        says = f"{metric} is undefined on these rows"
        return Realised(metric, logged, value, low, high, Kept.NOT_JUDGED, says)
    loss = (logged - value) if greater_is_better else (value - logged)
    most = rule.drop * abs(logged)
    # By chance, a value may be as far off as its interval reaches.
    least = _least(logged, low, high, greater_is_better)
    bad = loss > most and least
    spread = "" if low is None or high is None else f" [{low:.4g}, {high:.4g}]"
    says = f"{metric} is {value:.4g}{spread}, in the run {logged:.4g}"
    if loss > most and not bad:
        says += "; so few labels may give that by chance"
    return Realised(metric, logged, value, low, high, Kept.DROPPED if bad else Kept.HELD, says)


def _least(logged: float, low: float | None, high: float | None, greater_is_better: bool) -> bool:
    """Whether even the better end of the interval is worse than what was logged."""
    if low is None or high is None:
        return False
    return high < logged if greater_is_better else low > logged


def conclude(found: RealisedReport, rule: MetricsSettings, endpoint: str) -> tuple[Kept, str, str]:
    """Return the outcome of a report, in a sentence, and what to do."""
    if found.joined < rule.labels:
        says = (
            f"{found.joined} of the {found.labels} labels are of rows that {found.model} "
            f"predicted; fewer than {rule.labels} tell nothing."
        )
        return Kept.NOT_JUDGED, says, f"labline labels FILE --endpoint {endpoint} --on request_id"
    judged = [each for each in found.metrics if each.outcome is not Kept.NOT_JUDGED]
    if not judged:
        says = "The run logged no metric that can be computed from labels and predictions."
        return Kept.NOT_JUDGED, says, "Log one by its usual name: %log accuracy=..."
    if found.dropped:
        said = "; ".join(each.says for each in found.dropped)
        return Kept.DROPPED, f"By {found.joined} labels, {said}.", "Train on newer rows."
    said = "; ".join(each.says for each in judged[:3])
    return Kept.HELD, f"By {found.joined} labels, {said}.", ""
