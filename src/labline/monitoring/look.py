"""What a look at an endpoint comes to: whether something is to be told, or done."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from labline.monitoring.realised import Kept, RealisedReport
from labline.monitoring.report import DriftReport, Outcome


class Alarm(StrEnum):
    """What can be wrong with a model after go-live."""

    DRIFT = "drift"
    METRIC_DROP = "metric_drop"


@dataclass(frozen=True)
class Look:
    """A look at an endpoint: its drift report, what labels say, and what is wrong."""

    endpoint: str
    #: ``MODEL/VERSION``
    model: str
    at: float
    #: ``fine``, ``not judged``, or the alarms
    state: str
    alarms: tuple[Alarm, ...]
    says: str
    fix: str
    drift: DriftReport
    realised: RealisedReport
    #: who asked for it: ``clock`` or ``hand``; empty where that is not known
    by: str = ""


def decide(drift: DriftReport, realised: RealisedReport) -> Look:
    """Return what two reports of one endpoint come to."""
    found = [
        (Alarm.DRIFT, drift.outcome is Outcome.DRIFTED, drift.says, drift.fix),
        (Alarm.METRIC_DROP, realised.outcome is Kept.DROPPED, realised.says, realised.fix),
    ]
    wrong = [each for each in found if each[1]]
    judged = drift.outcome is not Outcome.NOT_JUDGED or realised.outcome is not Kept.NOT_JUDGED
    told = wrong or [each for each in found if each[2]][:1]
    alarms = tuple(each[0] for each in wrong)
    return Look(
        endpoint=drift.endpoint,
        model=drift.model,
        at=drift.at,
        state=" and ".join(alarms) or ("fine" if judged else "not judged"),
        alarms=alarms,
        says=" ".join(each[2] for each in told),
        fix=" ".join(dict.fromkeys(each[3] for each in told if each[3])),
        drift=drift,
        realised=realised,
    )


def is_news(before: str | None, now: Look) -> bool:
    """Whether what a look found is to be recorded and told.

    Parameters
    ----------
    before
        The state that was recorded last for the endpoint; None without one.
    """
    if now.state == "not judged":
        # Few requests at night do not end an alarm.
        return False
    return now.state != (before or "fine")


def lean(look: Look) -> Look:
    """Return a look with the furthest bin of each histogram only: one is kept each time."""
    columns = tuple(
        replace(column, bins=(column.furthest,) if column.furthest else ())
        for column in look.drift.columns
    )
    return replace(look, drift=replace(look.drift, columns=columns))
