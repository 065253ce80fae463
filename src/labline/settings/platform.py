"""``[project]``, ``[jobs]``, ``[serving]``: what runs, and where."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PositiveInt

from labline.settings.section import Section
from labline.settings.units import Duration, Size


class ProjectSettings(Section):
    """``[project]``: what this project is called."""

    name: str = Field("labline", min_length=1, description="default MLflow experiment and model")
    risk: Literal["minimal", "limited", "high"] = Field(
        "minimal",
        description='class by the EU AI Act; "high" adds the gate card to the last stage',
    )


class JobsSettings(Section):
    """``[jobs]``: how notebook jobs run."""

    concurrency: int = Field(2, ge=1, description="jobs that one worker runs at a time")
    total: int | None = Field(
        None, ge=1, description="jobs without a group that all workers run at a time; no limit"
    )
    groups: dict[str, PositiveInt] = Field(
        default_factory=dict,
        description="jobs of each group that all workers run at a time: { gpu = 1 }",
    )
    cpus: int | None = Field(
        None, ge=1, description="CPUs that a job's kernel may use; all if unset (Linux)"
    )
    timeout: Duration = Field(7200.0, gt=0, description="seconds (or '2h') until a job is stopped")
    grace: Duration = Field(
        5.0,
        ge=0,
        description="seconds (or '5s') that the cell of a cancelled job has to end itself",
    )
    memory: Size | None = Field(
        None,
        gt=0,
        description="bytes (or '4GiB') that a job's processes may hold; no limit if unset",
    )
    retries: int = Field(
        0, ge=0, le=10, description="times a job is begun again when its kernel was lost"
    )
    keep: tuple[str, ...] = Field(
        (), description="patterns of files that a job leaves beside its notebook and are kept"
    )
    artifacts: Size = Field(
        2**30, ge=0, description="bytes (or '1GiB') of such files that are kept of one job"
    )
    output: Size = Field(
        20 * 2**20, ge=1024, description="bytes (or '20MiB') of output kept per cell"
    )


class ServingSettings(Section):
    """``[serving]``: how a release boots."""

    boot_timeout: Duration = Field(120.0, gt=0, description="seconds until /readyz must answer")
    max_body_bytes: int = Field(10 * 2**20, ge=1024, description="largest request body, bytes")
    max_rows: int = Field(100_000, ge=1, description="most rows in one request")
    body_timeout: Duration = Field(30.0, gt=0, description="seconds until a body must have come")
    template: str = Field("pyfunc", description="Bento template, a folder of labline/bentos")
