"""``contract`` of a stage: how hard to look for a request that breaks the service."""

from __future__ import annotations

from pydantic import Field

from labline.settings.section import Section
from labline.settings.units import Duration


class ContractSettings(Section):
    """``contract`` of a stage: how hard to look for a request that breaks the service."""

    examples: int = Field(
        200, ge=0, le=100_000, description="requests made at random, beside those with a name"
    )
    seconds: Duration = Field(
        30.0, gt=0, description="seconds (or '5m') until no more of them are made"
    )
