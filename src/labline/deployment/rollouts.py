"""What a rollout does next: figures in, verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from labline.deployment.comparing import Comparison
from labline.deployment.meter import Figures
from labline.settings import RolloutSettings


class Move(StrEnum):
    """What a rollout does next."""

    HOLD = "hold"
    STEP = "step"
    ABORT = "abort"


@dataclass(frozen=True)
class Verdict:
    """What a rollout does next, and why."""

    move: Move
    reason: str


def decide(
    rules: RolloutSettings,
    *,
    lasted: float,
    window: Figures,
    step: Figures,
    up: bool,
    comparison: Comparison | None = None,
) -> Verdict:
    """Return what a rollout does after a look at its candidate.

    Parameters
    ----------
    lasted
        Seconds since the step began.
    window, step
        What the candidate answered within ``abort.window``, and since the step began.
    up
        Whether its process runs.
    comparison
        How a shadow's answers compare with the live release's.
    """
    if not up:
        return Verdict(Move.ABORT, "the candidate's process does not stay up")
    broken = _broken(rules, window) or _disagrees(rules, comparison)
    if broken:
        return Verdict(Move.ABORT, broken)
    needed = rules.abort.min_requests
    long = rules.every if comparison is None else rules.shadow
    if lasted < long:
        return Verdict(Move.HOLD, f"{lasted:.0f} of {long:.0f} s")
    if comparison and comparison.requests < needed:
        return Verdict(
            Move.HOLD, f"waits for answers to compare: {comparison.requests} of {needed}"
        )
    if step.requests < needed:
        return Verdict(Move.HOLD, f"waits for requests: {step.requests} of {needed}")
    return Verdict(Move.STEP, f"{step.requests} requests, {_percent(step.error_rate)} errors")


def _broken(rules: RolloutSettings, window: Figures) -> str:
    abort = rules.abort
    if window.requests < abort.min_requests:
        return ""
    if window.error_rate > abort.error_rate:
        return (
            f"{window.errors} of {window.requests} requests failed "
            f"({_percent(window.error_rate)}, the limit is {_percent(abort.error_rate)})"
        )
    if abort.p99_ms is not None and window.p99_ms is not None and window.p99_ms > abort.p99_ms:
        return f"p99 was {window.p99_ms:.0f} ms, the limit is {abort.p99_ms:g} ms"
    return ""


def _disagrees(rules: RolloutSettings, comparison: Comparison | None) -> str:
    limit = rules.abort.disagreement
    if comparison is None or limit is None or comparison.requests < rules.abort.min_requests:
        return ""
    apart = comparison.predictions - comparison.agreed
    share = apart / comparison.predictions if comparison.predictions else 0.0
    if share <= limit:
        return ""
    return (
        f"{apart} of {comparison.predictions} predictions differ from {comparison.live}'s "
        f"({_percent(share)}, the limit is {_percent(limit)})"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
