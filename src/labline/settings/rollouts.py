"""``rollout`` of a stage: how a new release takes over from the one that serves."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from labline.settings.section import Section
from labline.settings.units import Duration


class AbortSettings(Section):
    """``abort`` of a rollout: when traffic goes back to the release before it."""

    error_rate: float = Field(0.05, ge=0, le=1, description="largest share of 5xx answers")
    p99_ms: float | None = Field(
        None, gt=0, description="most milliseconds for 99 of 100 requests; no rule if unset"
    )
    disagreement: float | None = Field(
        None,
        ge=0,
        le=1,
        description="largest share of predictions that a shadow may answer otherwise than the live "
        "release; needs shadow; no rule if unset",
    )
    tolerance: float = Field(
        1e-6, ge=0, description="relative difference up to which two numbers are no disagreement"
    )
    min_requests: int = Field(20, ge=1, description="requests in the window before rules apply")
    window: Duration = Field(60.0, ge=1, description="seconds (or '1m') that the rules look back")


class RolloutSettings(Section):
    """``rollout`` of a stage: steps of traffic, and rules that end them."""

    steps: tuple[Annotated[int, Field(ge=1, le=100)], ...] = Field(
        (5, 25, 100), min_length=1, description="percent of the requests, rising to 100"
    )
    every: Duration = Field(600.0, gt=0, description="seconds (or '10m') that a step lasts")
    shadow: Duration = Field(
        0.0, ge=0, description="seconds (or '10m') that it only sees copies first; 0: no such step"
    )
    abort: AbortSettings = AbortSettings()

    @field_validator("steps")
    @classmethod
    def _rise(cls, steps: tuple[int, ...]) -> tuple[int, ...]:
        if list(steps) != sorted(set(steps)) or steps[-1] != 100:
            raise ValueError("the steps must rise and end with 100, like [5, 25, 100]")
        return steps

    @model_validator(mode="after")
    def _can_compare(self) -> RolloutSettings:
        if self.abort.disagreement is not None and not self.shadow:
            raise ValueError(
                'abort.disagreement compares a shadow with the live release: set shadow = "10m" too'
            )
        return self
