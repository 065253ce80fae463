"""``[retrain]``: how, when and for which stage a model is trained again."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from labline.settings.section import Section
from labline.settings.units import Duration


class RetrainSettings(Section):
    """``[retrain]``: a job that trains a model again, and what becomes of it."""

    notebook: str | None = Field(
        None, description="notebook that trains it, from the project's folder; nothing if unset"
    )
    parameters: dict[str, str] = Field(
        default_factory=dict, description="values of the notebook's parameters, as text"
    )
    when: tuple[Literal["drift", "metric_drop"], ...] = Field(
        (),
        description='what a look must find for it, of "drift" and "metric_drop"; by hand only '
        "unless set",
    )
    cooldown: Duration = Field(
        86400.0, ge=0, description="how long ('7d') no look asks for it once more"
    )
    to: str = Field(
        "staging", description="stage for which what was trained is judged; a person then decides"
    )
