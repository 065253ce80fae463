"""Models and their promotions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labline.lab.shapes.answers import Failure
from labline.lab.shapes.endpoints import DeploymentState
from labline.promotion.evidence import Approval, Verdict
from labline.records import ModelVersion


@dataclass(frozen=True)
class Served:
    """One endpoint that serves a model: the record, and what it says itself."""

    endpoint: str
    #: version by the record
    recorded: int
    #: ``MODEL/VERSION`` as the service says; None where it does not answer
    serving: str | None
    state: str
    #: whether record and reality agree
    agrees: bool
    #: stages whose version is served here
    stages: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelRow:
    """A model in a list."""

    name: str
    latest: int | None
    created: float | None
    #: stage -> the version that holds it
    stages: Mapping[str, int]
    #: where it is served
    served: tuple[Served, ...] = ()
    #: whether all of these agree with the record; None where it is not served
    agrees: bool | None = None


@dataclass(frozen=True)
class VersionRow:
    """A version of a model, with the metrics of its run."""

    version: ModelVersion
    metrics: Mapping[str, float]
    run: str
    #: who asked for it to be promoted last, and what came of it
    promotions: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelDetail:
    """A model: its versions, newest first, its stages, and where it is served."""

    name: str
    versions: tuple[VersionRow, ...]
    #: the policy's stages in their order -> the version that holds it
    stages: Mapping[str, int | None]
    served: tuple[Served, ...]
    agrees: bool | None


@dataclass(frozen=True)
class Moment:
    """One line of a promotion's timeline."""

    at: float
    actor: str
    #: ``needs approval``, ``approved``, ``promoted`` ...
    action: str
    comment: str = ""
    #: number of the ledger's entry
    entry: int | None = None


@dataclass(frozen=True)
class PromotionRow:
    """A promotion in a list: under way, waiting, or ended."""

    id: str
    #: what was asked to be promoted: ``best:METRIC``, a run id or a model reference
    candidate: str
    model: str | None
    version: int | None
    run_id: str | None
    stage: str
    actor: str
    #: ``queued``, ``running``, ``failed``, ``cancelled``, or as the ledger says: ``promoted``,
    #: ``refused``, ``needs approval``, ``rejected``, ``expired``, ``dry run``
    state: str
    asked: float
    dry_run: bool
    #: what it is at, in words, while it is under way
    progress: str = ""
    expires: float | None = None


@dataclass(frozen=True)
class Decision:
    """Whether whoever asks may decide on a promotion."""

    may_approve: bool
    may_reject: bool
    #: why they may not approve
    why: str = ""
    fix: str = ""
    #: approvals wanted, and how many of them are missing
    required: int = 0
    missing: int = 0


@dataclass(frozen=True)
class PromotionDetail:
    """A promotion: verdicts, decisions and the timeline."""

    promotion: PromotionRow
    verdicts: tuple[Verdict, ...]
    approvals: tuple[Approval, ...]
    champion: str | None
    metrics: Mapping[str, float]
    champion_metrics: Mapping[str, float]
    timeline: tuple[Moment, ...]
    decision: Decision
    #: why it came to nothing
    failure: Failure | None = None
    #: candidate against champion, as ``labline promote --dry-run --json`` gives it
    diff: Mapping[str, Any] | None = None
    #: the same as HTML, safe to show
    diff_html: str = ""
    #: SHA-256 of the model's files
    digest: str = ""
    #: where it is deployed once it holds the stage; empty: nowhere
    endpoint: str = ""
    #: the deployment that it began
    deployment: DeploymentState | None = None
