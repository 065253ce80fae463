"""Whether a model is to be trained again: a decision, and no more than that."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from labline.monitoring.look import Alarm
from labline.settings import RetrainSettings
from labline.settings.units import lasting


@dataclass(frozen=True)
class Before:
    """The latest retraining of an endpoint's model."""

    #: when it was asked for
    at: float
    #: whether its job still runs
    runs: bool
    #: whether a person has still to say yes or no to what came of it
    waits: bool


@dataclass(frozen=True)
class Decision:
    """Whether to train again, and why, or why not."""

    retrain: bool
    says: str


def decide(
    alarms: Collection[Alarm], rule: RetrainSettings, before: Before | None, now: float
) -> Decision:
    """Return whether what a look found asks for a retraining.

    Parameters
    ----------
    before
        The latest retraining; None without one.
    """
    wanted = [alarm for alarm in alarms if alarm in rule.when]
    if rule.notebook is None or not wanted:
        return Decision(False, "Nothing asks for a retraining.")
    if before and before.runs:
        return Decision(False, "It is being trained again already.")
    if before and before.waits:
        return Decision(False, "What the latest retraining gave waits for somebody's approval.")
    if before and now < before.at + rule.cooldown:
        return Decision(False, f"It was trained again less than {lasting(rule.cooldown)} ago.")
    return Decision(True, " and ".join(wanted))
