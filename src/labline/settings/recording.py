"""``[recording]``: what a recording notes by itself."""

from __future__ import annotations

from pydantic import Field

from labline.settings.section import Section


class RecordingSettings(Section):
    """``[recording]``: what a recording notes by itself."""

    autolog: bool = Field(
        True, description="whether parameters and training metrics of what is fitted are noted"
    )
