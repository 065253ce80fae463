"""The records that labline's parts hand to one another, in the words of the glossary.

All are frozen: change is :func:`dataclasses.replace`. Times are seconds since the epoch, UTC;
durations are seconds; sizes are bytes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from labline.cards import Card, Carded, Tone, listing, told


class JobStatus(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self in (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED)


@dataclass(frozen=True)
class CellExecution:
    """One execution of one cell, as the recorder saw it."""

    #: position in the recording, from 1
    number: int
    #: source as it ran, secrets redacted
    source: str
    started: float
    duration: float
    #: ``"ok"`` or ``"error"``
    outcome: str
    #: ``"ValueError: ..."`` where the cell raised
    error: str = ""
    #: highest resident memory of the kernel by the end of the cell, bytes
    peak_memory: int = 0
    #: SHA-256 of what the cell displayed or returned; empty where it showed nothing
    outputs_digest: str = ""
    #: id of the notebook cell where the front end told it
    cell_id: str = ""


@dataclass(frozen=True)
class Column:
    """One column of a dataset."""

    name: str
    #: pandas/Arrow type name
    dtype: str
    nulls: int = 0


@dataclass(frozen=True)
class Dataset:
    """A named, digested table."""

    name: str
    #: SHA-256 over column names, types and values, in order
    digest: str
    rows: int
    columns: tuple[Column, ...]
    #: where it came from: a path, URL or ``"memory"``
    source: str = "memory"


@dataclass(frozen=True)
class Environment:
    """What the kernel ran on."""

    python: str
    platform: str
    #: distributions actually loaded -> version
    packages: Mapping[str, str]


@dataclass(frozen=True)
class GitState:
    """The commit a run was recorded at."""

    commit: str
    dirty: bool
    branch: str = ""


@dataclass(frozen=True)
class Run(Carded):
    """One recorded experiment execution (an MLflow run)."""

    id: str
    name: str
    experiment: str
    #: ``"RUNNING"``, ``"FINISHED"``, ``"FAILED"`` or ``"KILLED"`` as MLflow says it
    status: str
    started: float
    ended: float | None
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    #: URI of the model logged last with this run, ``None`` without one
    model_uri: str | None = None

    @property
    def notebook(self) -> str | None:
        """Path of the notebook the run was recorded in, as far as it is known."""
        return self.tags.get("labline.notebook")

    def card(self) -> Card:
        """Return how a notebook shows it."""
        facts = told(
            ("experiment", self.experiment),
            ("metrics", listing(self.metrics)),
            ("params", listing(self.params)),
            ("model", "logged" if self.model_uri else ""),
            ("notebook", self.notebook),
            ("id", self.id),
        )
        problem = self.tags.get("labline.problem")
        tones: dict[str, Tone] = {"FINISHED": "good", "RUNNING": "open"}
        tone = tones.get(self.status, "bad")
        notes = [problem] if problem else []
        return Card(f"Run {self.name or self.id}", self.status.lower(), tone, facts, notes)


@dataclass(frozen=True)
class ModelVersion:
    """One version of a registered model."""

    name: str
    version: int
    run_id: str
    #: MLflow model URI that the version was registered from
    source: str
    #: stages that this version holds
    stages: tuple[str, ...]
    created: float
    #: SHA-256 of the model's files
    digest: str = ""

    @property
    def label(self) -> str:
        """Return ``NAME/VERSION``."""
        return f"{self.name}/{self.version}"


@dataclass(frozen=True)
class RunningCell:
    """The cell that a job is at."""

    #: position in the notebook, from 1, as :class:`JobFailure` counts
    number: int
    #: its first comment, the heading above it, or its first line
    name: str
    started: float


@dataclass(frozen=True)
class CellProgress:
    """One code cell of a job's notebook, as far as the job has come."""

    number: int
    name: str
    #: ``"waiting"``, ``"running"``, ``"done"`` or ``"failed"``
    state: str
    #: seconds it took; None until it has ended
    duration: float | None = None


@dataclass(frozen=True)
class Attempt:
    """One time that a job was begun."""

    #: from 1
    number: int
    #: id of the run that records it
    run_id: str
    started: float
    #: why it was begun again; empty for the last one
    error: str = ""


@dataclass(frozen=True)
class JobFailure:
    """Why a job failed."""

    #: name of the exception, or ``MemoryLimit``, ``TimeLimit``, ``DeadKernel``
    kind: str
    message: str
    #: what to do next
    fix: str = ""
    #: position of the cell that failed, from 1; None where no cell was running
    cell: int | None = None


@dataclass(frozen=True)
class Artifact:
    """A file that a job left."""

    #: name in the folder that the job worked in; the run has it as ``files/NAME``
    path: str
    size: int


@dataclass(frozen=True)
class LogPiece:
    """A piece of a job's log."""

    text: str
    #: where the next piece begins, in bytes
    offset: int
    #: whether nothing will come after it
    ended: bool
    #: how many lines before it were passed over
    skipped: int = 0


@dataclass(frozen=True)
class Job(Carded):
    """One parameterised execution of a notebook."""

    id: str
    notebook: str
    parameters: Mapping[str, Any]
    status: JobStatus
    created: float
    started: float | None = None
    ended: float | None = None
    #: name of its run
    name: str = ""
    #: id of the run that records the job
    run_id: str | None = None
    #: id of the sweep that the job belongs to
    sweep: str | None = None
    #: path of the executed notebook
    output: str | None = None
    #: path of the HTML report
    report: str | None = None
    #: why it failed, or was ended early, with what to do next
    error: str = ""
    #: the same, in parts
    failure: JobFailure | None = None
    #: why its sweep ended it as hopeless; empty if it did not
    pruned: str = ""
    #: cells done, cells in all
    progress: tuple[int, int] = (0, 0)
    #: the cell that is running
    cell: RunningCell | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    #: files that it left with its run
    artifacts: tuple[Artifact, ...] = ()
    #: how many times it was begun, because the kernel was lost
    attempt: int = 1
    #: each of those times
    attempts: tuple[Attempt, ...] = ()
    #: id of the job that this one tries again
    retry_of: str | None = None
    #: how it was to be run: timeout, memory, retries and so on
    options: Mapping[str, Any] = field(default_factory=dict)

    def card(self) -> Card:
        """Return how a notebook shows it."""
        done, of = self.progress
        facts = told(
            ("notebook", self.notebook),
            ("parameters", listing(self.parameters)),
            ("cells", f"{done} of {of}" if of else ""),
            ("metrics", listing(self.metrics)),
            ("output", self.output),
            ("kept", ", ".join(one.path for one in self.artifacts)),
            ("run", self.run_id),
        )
        tone: Tone = "good" if self.status == JobStatus.SUCCEEDED else "bad"
        notes = [self.error] if self.error else []
        return Card(
            f"Job {self.id}", self.status, tone if self.status.ended else "open", facts, notes
        )


@dataclass(frozen=True)
class JobView:
    """A job looked at closely: the job, its cells, and the end of its log."""

    job: Job
    cells: tuple[CellProgress, ...]
    log: LogPiece

    def to_dict(self) -> dict[str, Any]:
        """Return the job as JSON-ready data, with ``cells`` and ``log`` added."""
        extra = dataclasses.asdict(self)
        return {**extra.pop("job"), **extra}


@dataclass(frozen=True)
class Schedule:
    """A cron rule that submits jobs."""

    name: str
    notebook: str
    parameters: Mapping[str, Any]
    cron: str
    #: IANA name of the time zone of `cron`
    timezone: str
    #: ``"latest"``: the notebook as it is saved then; ``"snapshot"``: as it was when added
    runs: str
    #: whether times are made up for that came while no worker was running
    catch_up: bool
    paused: bool
    #: when it comes next; None while paused
    next: float | None = None
    #: the time, by the rule, for which it came last
    last: float | None = None
    #: id of the job that it submitted last
    job: str | None = None
    #: why it could not submit a job when it came last
    error: str = ""


@dataclass(frozen=True)
class Bento:
    """The built BentoML archive of one model version."""

    #: ``name:version`` in the BentoML store
    tag: str
    #: folder of the Bento in the store
    path: str
    #: ``MODEL/VERSION`` it was built from
    model: str
    model_digest: str


#: variable of the process of a release: the folder in which it also listens, on ``PORT.sock``
SOCKETS = "LABLINE_SOCKETS"


@dataclass(frozen=True)
class Command:
    """A process to start."""

    argv: tuple[str, ...]
    #: what is set on top of the starter's environment
    env: Mapping[str, str]
    #: working folder
    cwd: str


class ReleaseState(StrEnum):
    """Where a release stands."""

    STARTING = "starting"
    #: beside the live release, with a share of the requests or a copy of them
    CANDIDATE = "candidate"
    LIVE = "live"
    RETIRED = "retired"
    #: a candidate that was taken back
    ABORTED = "aborted"
    FAILED = "failed"


@dataclass(frozen=True)
class Release:
    """One Bento deployed on an endpoint."""

    id: int
    endpoint: str
    bento: str
    model: str
    #: interpreter of the release's environment
    python: str
    state: ReleaseState
    created: float
    actor: str = ""
    reason: str = ""
    #: percent of the endpoint's requests that a candidate answers
    weight: int = 0
    #: percent of the endpoint's requests that a candidate sees a copy of
    mirrored: int = 0
    #: ports of its instances on the loopback
    ports: tuple[int, ...] = ()
    #: machine that runs it; empty on SQLite, where there is only one
    host: str = ""


def to_dict(record: Any) -> dict[str, Any]:
    """Return a record as JSON-ready data, the same for ``--json``, REST and the journal."""
    return dataclasses.asdict(record)
