"""The base of every table of ``labline.toml``: unknown keys are errors."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """What every table of ``labline.toml`` shares."""

    model_config = ConfigDict(extra="forbid", frozen=True)
