"""``[kernels]``: whether kernels start warm."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from labline.settings.section import Section
from labline.settings.units import Duration


class KernelsSettings(Section):
    """``[kernels]``: kernels that have imported already when they are asked for."""

    warm: bool = Field(True, description="whether jobs and notebooks get warm kernels")
    start: Literal["forked", "prestarted"] | None = Field(
        None,
        description="how: 'forked' from one process, or each 'prestarted' by who starts kernels; "
        "forked if unset, and prestarted where the system cannot fork safely",
    )
    spares: int = Field(2, ge=0, le=64, description="kernels that are kept ready")
    idle: Duration = Field(
        600.0, ge=0, description="seconds (or '10m') without a kernel until what is kept ready ends"
    )
