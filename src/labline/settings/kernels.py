"""``[kernels]``: whether kernels start warm."""

from __future__ import annotations

from pydantic import Field

from labline.settings.section import Section
from labline.settings.units import Duration


class KernelsSettings(Section):
    """``[kernels]``: kernels that start as forks of a process that has imported already."""

    warm: bool = Field(True, description="whether jobs and notebooks get warm kernels")
    spares: int = Field(2, ge=0, le=64, description="kernels that are kept ready")
    idle: Duration = Field(
        600.0, ge=0, description="seconds (or '10m') without a kernel until the warm process ends"
    )
