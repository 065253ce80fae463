"""``[batch]``: where batch scoring runs."""

from __future__ import annotations

from pydantic import Field

from labline.settings.section import Section


class BatchSettings(Section):
    """``[batch]``: who scores files of rows."""

    scheduler: str | None = Field(
        None,
        description='address of a Dask scheduler, "tls://HOST:8786"; processes here if unset',
    )
    workers: int | None = Field(
        None, ge=1, le=256, description="processes here; one for each CPU if unset"
    )
