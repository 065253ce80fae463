"""What surfaces are told: typed, JSON-ready, and the schemas of the REST API.

Records of the glossary (:class:`~labline.records.Run`, :class:`~labline.records.Job` ...) are told
as they are; here is what is put together from several of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from labline.deployment.comparing import Comparison
from labline.deployment.keys import ApiKey
from labline.deployment.status import InstanceStatus, Share
from labline.jobs.sweeps import Sweep
from labline.lab.comparison import Row
from labline.lab.policy import Explained
from labline.notebooks.difference import CellChange
from labline.notebooks.truth import Truth
from labline.promotion.evidence import Approval, Verdict
from labline.records import Job, ModelVersion, Release, Run, Schedule

__all__ = ["Comparison", "Explained", "Job", "ModelVersion", "Release", "Run", "Schedule", "Share"]


@dataclass(frozen=True)
class Failure:
    """An error, as every surface words it."""

    #: name of its class
    error: str
    message: str
    #: what to do next
    fix: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


# -- server and platform -------------------------------------------------------------------------


@dataclass(frozen=True)
class Mismatch:
    """One part that is of another version than the server."""

    #: ``extension`` or ``kernel``
    part: str
    version: str
    expected: str
    message: str
    fix: str


@dataclass(frozen=True)
class Version:
    """The handshake: what the server is, and what does not fit to it."""

    server: str
    python: str
    #: version of the front end that belongs to this server
    extension: str
    agrees: bool
    mismatches: tuple[Mismatch, ...] = ()


@dataclass(frozen=True)
class PlatformStep:
    """The platform, and what it is being asked to do."""

    running: bool
    #: ``start`` or ``stop`` while that is under way; empty else
    doing: str = ""
    #: why the last one failed
    failure: Failure | None = None


# -- runs ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunDetail:
    """A run, what was recorded of it, and where the notebook parts from what ran."""

    run: Run
    #: ``labline/recording.json``: cells with source, duration, outputs; data; environment
    recording: Mapping[str, Any] | None
    #: None where it is not known
    truth: Truth | None
    #: the truth in one line
    remark: str = ""


@dataclass(frozen=True)
class MetricPoint:
    """One value of a metric."""

    step: int
    value: float
    at: float


@dataclass(frozen=True)
class RunComparison:
    """Runs side by side; the first is what the others are compared with."""

    runs: tuple[Run, ...]
    #: what the runs are called, briefly and apart
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    #: id of each other run -> cells that differ from the first run's notebook
    cells: Mapping[str, tuple[CellChange, ...]]
    #: how much is the same in all
    remark: str


# -- jobs ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ParameterField:
    """One field of the form that a notebook's parameters make."""

    name: str
    #: annotation: ``float``, ``int | None``, ``Literal['a', 'b']`` or ``Any``
    kind: str
    default: Any
    help: str
    #: whether the notebook gives no default
    required: bool
    #: the default as the cell writes it
    source: str
    #: values that a ``Literal`` allows
    choices: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Form:
    """What can be asked about a notebook before it is run."""

    notebook: str
    #: whether it has a cell tagged ``parameters``
    has_cell: bool
    parameters: tuple[ParameterField, ...]


@dataclass(frozen=True)
class JobDetail:
    """A job, and why it failed."""

    job: Job
    #: of the cell that raised; empty if none did
    traceback: str = ""
    #: whether somebody is there to run it
    worker: bool = True


@dataclass(frozen=True)
class LogPiece:
    """What a job's cells have shown, from some place on."""

    text: str
    #: where to go on: the next ``after``
    next: int
    #: whether more is there already
    more: bool
    #: whether the job has ended, so that nothing will come any more
    ended: bool


# -- models --------------------------------------------------------------------------------------


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


# -- promotions ----------------------------------------------------------------------------------


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


# -- endpoints -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class EndpointRow:
    """An endpoint in a list: the record, and what it says itself."""

    name: str
    url: str
    #: ``MODEL/VERSION`` by the record
    model: str | None
    release: int | None
    #: state of the live instance; ``empty`` without a live release
    state: str
    #: ``MODEL/VERSION`` as the service says; None where it does not answer
    serving: str | None
    #: ``MODEL/VERSION`` that a rollback brings back
    previous: str | None
    #: stage that it follows: by the policy, or that it was deployed by last
    stage: str | None
    #: ``MODEL/VERSION`` that holds this stage in the registry; None where none does
    registry: str | None
    #: ``agrees``, ``differs``, ``on trial``, ``silent``, ``unknown`` or ``empty``
    agreement: str
    #: the same in a sentence, and what would make them agree
    says: str
    fix: str
    #: what each instance says
    instances: tuple[InstanceStatus, ...]
    #: who answers; the live release first
    traffic: tuple[Share, ...]


@dataclass(frozen=True)
class EndpointDetail:
    """An endpoint: releases, instances, shares of the traffic, keys and figures."""

    endpoint: EndpointRow
    live: Release | None
    previous: Release | None
    instances: tuple[InstanceStatus, ...]
    traffic: tuple[Share, ...]
    keys: tuple[ApiKey, ...]
    #: a request to try, without the key
    curl: str


@dataclass(frozen=True)
class Answered:
    """How one release answered for some time."""

    #: when that time ended
    at: float
    release: int
    model: str
    #: percent of the requests that it answers now
    weight: int
    #: whether it gets copies and nobody hears its answers
    mirrored: bool
    requests: int
    errors: int
    #: from 0 to 1
    error_rate: float
    per_second: float
    #: milliseconds; None without a request
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True)
class EndpointMetrics:
    """How the releases of an endpoint answer, by the gateway's measure."""

    endpoint: str
    at: float
    #: seconds that ``releases`` look back
    window: float
    releases: tuple[Answered, ...]
    #: the same for spans of time, oldest first
    history: tuple[Answered, ...]
    #: share of the predictions on which a shadow agrees with the live release; None without one
    agreement: float | None = None


@dataclass(frozen=True)
class DeploymentState:
    """A deployment or a rollback that was asked for."""

    id: str
    #: ``deployment``, ``rollback`` or ``shift``
    kind: str
    endpoint: str
    #: ``MODEL/VERSION``; None for a rollback until it is known
    model: str | None
    actor: str
    #: ``queued``, ``running``, ``succeeded``, ``failed`` or ``cancelled``
    state: str
    asked: float
    #: what it is at, in words
    progress: str = ""
    release: Release | None = None
    url: str = ""
    #: whether the endpoint is new and nobody has a key for it yet: issue one
    wants_key: bool = False
    failure: Failure | None = None


@dataclass(frozen=True)
class IssuedKey:
    """An API key; it is not stored and cannot be shown again."""

    endpoint: str
    key: str


@dataclass(frozen=True)
class Prediction:
    """What an endpoint answered to a request that was made to try it."""

    #: the rows that were sent
    rows: tuple[Mapping[str, Any], ...]
    answer: Mapping[str, Any]
    #: from sending to the whole answer
    milliseconds: float


# -- answers to what was asked for ---------------------------------------------------------------


@dataclass(frozen=True)
class Accepted:
    """What was asked for is queued; ``id`` says where to look."""

    id: str
    #: the same as a command
    cli: str


@dataclass(frozen=True)
class Submitted:
    """The jobs that were queued."""

    jobs: tuple[Job, ...]
    #: the same as a command
    cli: str


@dataclass(frozen=True)
class SweepDetail:
    """A sweep looked at closely."""

    sweep: Sweep
    #: number of the best trial
    best: int | None
    headline: str
    #: SVG; empty where there is nothing to draw yet
    figure: str


@dataclass(frozen=True)
class Scheduled:
    """A schedule that was added."""

    schedule: Schedule
    #: the same as a command
    cli: str


@dataclass(frozen=True)
class Done:
    """What was asked for is done."""

    id: str
    #: the same as a command
    cli: str


@dataclass(frozen=True)
class Line:
    """A command line that does what a dialog would do."""

    cli: str


@dataclass(frozen=True)
class Pipeline:
    """A file for a CI system that does what was clicked."""

    #: where it belongs in the repository
    path: str
    text: str
    #: the command that it runs
    cli: str
