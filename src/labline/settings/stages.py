"""``[stages.NAME]``: the policy of the line."""

from __future__ import annotations

import re

from pydantic import Field, field_validator, model_validator

from labline.settings.contract import ContractSettings
from labline.settings.data import DataSettings
from labline.settings.dependencies import DependenciesSettings
from labline.settings.fairness import FairnessSettings
from labline.settings.rollouts import RolloutSettings
from labline.settings.section import Section
from labline.settings.units import Duration, Size

_ENDPOINT = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?")


class MetricSettings(Section):
    """``metric`` of a stage: what the ``metric`` gate asks for."""

    name: str = Field(description="metric as logged with the run")
    min: float | None = Field(None, description="smallest value that passes")
    max: float | None = Field(None, description="largest value that passes")
    versus_champion: float | None = Field(
        None, description="smallest allowed candidate minus champion"
    )
    greater_is_better: bool = Field(True, description="direction of 'better' for versus_champion")
    certain: bool = Field(
        False,
        description="whether the whole interval of the gain must reach versus_champion, not only "
        "its middle",
    )
    confidence: float = Field(
        0.95, gt=0.5, lt=1, description="share of bootstrap samples that an interval holds"
    )
    slices: tuple[str, ...] = Field((), description="columns: each of their values is judged too")
    slice_min: float | None = Field(
        None, description="smallest value that passes in a slice; min unless given"
    )
    slice_max: float | None = Field(
        None, description="largest value that passes in a slice; max unless given"
    )
    slice_rows: int = Field(
        10, ge=2, description="rows that a slice must have to be judged; fewer are only told"
    )


class ReplaySettings(Section):
    """``replay`` of a stage: how close a clean-room rerun must come."""

    tolerance: float = Field(1e-6, ge=0, description="relative difference allowed per metric")
    timeout: Duration = Field(3600.0, gt=0, description="seconds until the replay is stopped")


class ParitySettings(Section):
    """``parity`` of a stage: how close the built service must come to the notebook."""

    tolerance: float = Field(1e-6, ge=0, description="relative difference allowed per prediction")


class LatencySettings(Section):
    """``latency`` of a stage: how fast the built service must answer one row."""

    p50_ms: float | None = Field(None, gt=0, description="most milliseconds for half of requests")
    p95_ms: float | None = Field(None, gt=0, description="most milliseconds for 95 of 100")
    p99_ms: float | None = Field(None, gt=0, description="most milliseconds for 99 of 100")
    concurrency: int = Field(8, ge=1, le=256, description="requests under way at a time")
    requests: int = Field(200, ge=2, le=10_000, description="requests that are measured")
    cold_start: Duration | None = Field(
        None, gt=0, description="most seconds (or '10s') from start to ready"
    )
    memory: Size | None = Field(
        None, gt=0, description="most bytes (or '512MiB') that it holds after all requests"
    )


class ApprovalSettings(Section):
    """``approvals`` of a stage: who must agree after the gates have passed."""

    required: int = Field(0, ge=0, description="people who must approve before the stage moves")
    four_eyes: bool = Field(True, description="whether the one who asked may not approve")
    expires: Duration = Field(
        259200.0, gt=0, description="seconds (or '72h') after which it must be asked for again"
    )


class StageSettings(Section):
    """``[stages.NAME]``: the process of one stage."""

    after: str | None = Field(None, description="stage that the model version must hold first")
    soak: Duration | None = Field(
        None,
        gt=0,
        description="seconds (or '24h') that the model version must have held the stage of after",
    )
    gates: tuple[str, ...] = Field(("signature",), description="gates, all of which must pass")
    gate_timeout: Duration = Field(
        60.0, gt=0, description="seconds until a gate that has not judged counts as failed"
    )
    approvals: ApprovalSettings = ApprovalSettings()
    data: DataSettings = DataSettings()
    dependencies: DependenciesSettings = DependenciesSettings()
    metric: MetricSettings | None = None
    replay: ReplaySettings = ReplaySettings()
    parity: ParitySettings = ParitySettings()
    contract: ContractSettings = ContractSettings()
    fairness: FairnessSettings | None = None
    latency: LatencySettings | None = None
    rollout: RolloutSettings | None = Field(
        None, description="how a release takes over; at once if unset"
    )
    endpoint: str | None = Field(
        None,
        description='endpoint that a promotion to the stage deploys to; "{model}" in it is the '
        "model's name",
    )
    instances: int | None = Field(
        None, ge=1, le=32, description="processes of a release; as many as are live if unset"
    )

    @model_validator(mode="after")
    def _soaks_somewhere(self) -> StageSettings:
        if self.soak is not None and self.after is None:
            raise ValueError('soak needs the stage that comes before: after = "staging"')
        return self

    @field_validator("endpoint")
    @classmethod
    def _can_be_a_name(cls, endpoint: str | None) -> str | None:
        if endpoint is not None and not _ENDPOINT.fullmatch(endpoint.replace("{model}", "model")):
            raise ValueError(
                f"{endpoint!r} cannot be the name of an endpoint; use lower-case letters, digits, "
                "'-' and '_', 63 at most, and {model}"
            )
        return endpoint

    def endpoint_of(self, model: str) -> str | None:
        """Return the endpoint that serves the version of a model that holds the stage."""
        return self.endpoint.replace("{model}", model) if self.endpoint else None


def default_stages() -> dict[str, StageSettings]:
    """Return the line that a project without ``[stages]`` has."""
    return {
        "staging": StageSettings(gates=("signature", "replay")),
        "prod": StageSettings(after="staging", gates=("signature", "replay")),
    }
