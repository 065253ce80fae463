"""``[workers]``: when a worker is taken for dead."""

from __future__ import annotations

from pydantic import Field, model_validator

from labline.settings.section import Section
from labline.settings.units import Duration

_LEAST_BEATS = 3


class WorkersSettings(Section):
    """``[workers]``: how workers on one database know of each other."""

    heartbeat: Duration = Field(5.0, gt=0, description="seconds between two signs of life")
    lost: Duration = Field(
        60.0,
        gt=0,
        description="seconds (or '60s') without a sign of life until others take over its work",
    )

    @model_validator(mode="after")
    def _leave_room(self) -> WorkersSettings:
        if self.lost < _LEAST_BEATS * self.heartbeat:
            raise ValueError(
                f"lost ({self.lost:g} s) is less than {_LEAST_BEATS} heartbeats of "
                f"{self.heartbeat:g} s: a worker that is busy for a moment would be taken for dead"
            )
        return self
