"""``rollout`` of a stage: how a new release takes over from the one that serves."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from labline.settings.section import Section
from labline.settings.units import Duration


class AbortSettings(Section):
    """``abort`` of a rollout: when traffic goes back to the release before it."""

    error_rate: float = Field(0.05, ge=0, le=1, description="largest share of 5xx answers")
    p99_ms: float | None = Field(
        None, gt=0, description="most milliseconds for 99 of 100 requests; no rule if unset"
    )
    min_requests: int = Field(20, ge=1, description="requests in the window before rules apply")
    window: Duration = Field(60.0, ge=1, description="seconds (or '1m') that the rules look back")


class RolloutSettings(Section):
    """``rollout`` of a stage: steps of traffic, and rules that end them."""

    steps: tuple[Annotated[int, Field(ge=1, le=100)], ...] = Field(
        (5, 25, 100), min_length=1, description="percent of the requests, rising to 100"
    )
    every: Duration = Field(600.0, gt=0, description="seconds (or '10m') that a step lasts")
    abort: AbortSettings = AbortSettings()

    @field_validator("steps")
    @classmethod
    def _rise(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        if list(steps) != sorted(set(steps)) or steps[-1] != 100:
            raise ValueError("the steps must rise and end with 100, like [5, 25, 100]")
        return steps
