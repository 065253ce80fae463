"""Bodies of requests. Unknown fields are refused, as unknown keys of ``labline.toml`` are."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal


class Body:
    """What is sent with a POST."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}


@dataclass(frozen=True)
class JobOptions(Body):
    """How a job is to be run; what is left out is as in ``[jobs]``."""

    experiment: str | None = None
    #: ``2h``, or seconds
    timeout: str | None = None
    #: ``4GiB``, or bytes
    memory: str | None = None
    retries: int | None = None
    retry_on_error: bool = False
    #: CPUs that a job's kernel may use
    cpus: int | None = None
    #: from -100 to 100: what is higher leaves the queue first
    priority: int = 0
    #: group of ``[jobs.groups]``
    group: str | None = None
    #: files and folders to copy beside the notebook, as the file browser shows them
    inputs: list[str] = field(default_factory=list)
    #: patterns of the files it leaves that are kept with its run
    keep: list[str] = field(default_factory=list)
    #: the same key is the same job, however often it is submitted
    key: str | None = None


@dataclass(frozen=True)
class SearchOptions(Body):
    """How the points of a sweep are chosen; what is left out is as the command has it."""

    search: Literal["grid", "random", "optuna"] | None = None
    #: how many points to try; all of a grid unless given
    trials: int | None = None
    #: what makes a trial the best
    metric: str | None = None
    goal: Literal["maximize", "minimize"] | None = None
    #: end a trial early whose metric stands badly on the way
    prune: bool = False
    #: trials at a time, where each is chosen from what came of others
    parallel: int | None = None
    seed: int = 0


@dataclass(frozen=True)
class NewJobs(Body):
    """A notebook to run, once or as a sweep."""

    #: path, as the file browser shows it
    notebook: str
    #: values as a person types them; the notebook's parameters cell says what they mean
    parameters: dict[str, str] = field(default_factory=dict)
    #: name -> values to try
    sweep: dict[str, list[str]] = field(default_factory=dict)
    #: name -> range to draw from: ``loguniform(1e-3, 1)``
    ranges: dict[str, str] = field(default_factory=dict)
    search: SearchOptions = field(default_factory=SearchOptions)
    options: JobOptions = field(default_factory=JobOptions)

    @property
    def axes(self) -> dict[str, str]:
        """What is swept, as :func:`labline.jobs.sweeps.space.split_axis` has it."""
        listed = {name: _line(values) for name, values in self.sweep.items()}
        return {**listed, **{name: f"~{text}" for name, text in self.ranges.items()}}


def _line(values: list[str]) -> str:
    """Return values as they are typed: with quotes around what a comma is in."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()


@dataclass(frozen=True)
class NewSchedule(Body):
    """A notebook to run by the clock."""

    notebook: str
    cron: str
    #: ``latest``: as it is saved then; ``snapshot``: as it is now
    runs: Literal["latest", "snapshot"]
    parameters: dict[str, str] = field(default_factory=dict)
    timezone: str = "UTC"
    catch_up: bool = False
    #: the notebook's name unless given
    name: str = ""
    options: JobOptions = field(default_factory=JobOptions)


@dataclass(frozen=True)
class NewPromotion(Body):
    """A candidate for a stage."""

    #: ``best:METRIC``, a run id, ``MODEL``, ``MODEL/3`` or ``MODEL@STAGE``
    candidate: str
    #: the stage
    to: str
    #: name to register a run's model under; the project's unless given
    model: str | None = None
    #: where ``best:METRIC`` looks; the project's unless given
    experiment: str | None = None
    #: judge only
    dry_run: bool = False
    #: whether the stage's rollout begins then; as the stage's endpoint says unless given
    deploy: bool | None = None


@dataclass(frozen=True)
class NewApproval(Body):
    """A yes to a promotion; who says it is whoever is signed in."""

    comment: str = ""


@dataclass(frozen=True)
class NewRejection(Body):
    """A no to a promotion."""

    why: str


@dataclass(frozen=True)
class NewDeployment(Body):
    """A model version to serve."""

    #: ``MODEL@STAGE``, ``MODEL/VERSION`` or ``MODEL``
    model: str
    #: called as the model unless given
    endpoint: str | None = None
    environment: Literal["locked", "current"] = "locked"
    #: processes; as many as the stage says, or as what is live has, unless given
    instances: int | None = None
    #: percent of the requests that it answers beside the live release; 0: it takes over
    canary: int = 0
    #: whether it gets a copy of each request, and answers nobody
    shadow: bool = False
    #: whether it takes over at once, though the stage has a rollout
    now: bool = False


@dataclass(frozen=True)
class NewShare(Body):
    """What becomes of the candidate on an endpoint."""

    #: ``shift`` to `weight` percent, ``finish``: it takes over, or ``abort``: it stops
    action: Literal["shift", "finish", "abort"] = "shift"
    weight: int | None = None
    #: why it is aborted
    why: str = ""


@dataclass(frozen=True)
class NewRollback(Body):
    """What is to be rolled back."""

    #: id of the release that is seen to be live: where another one is by now, it is refused
    release: int | None = None


@dataclass(frozen=True)
class NewKey(Body):
    """A key to issue."""

    #: until it expires
    days: float = 90.0


@dataclass(frozen=True)
class NewPrediction(Body):
    """Rows to try an endpoint with; the model's own input example unless given."""

    rows: list[dict[str, Any]] | None = None


@dataclass(frozen=True)
class NewLabel(Body):
    """What turned out to be true of a row that was predicted."""

    request_id: str
    label: float | bool | str
    #: its place in the request, from 0
    row: int = 0


@dataclass(frozen=True)
class NewLabels(Body):
    """Labels of rows that an endpoint predicted."""

    labels: list[NewLabel]


@dataclass(frozen=True)
class NewRetraining(Body):
    """A model to train again."""

    #: kept in the ledger
    why: str = "by hand"


@dataclass(frozen=True)
class Clicked(Body):
    """What a dialog would send, and where."""

    #: ``jobs``, ``schedules``, ``promotions``, ``deployments``, ``rollback`` ...
    action: str
    #: the body that it would send, the name in the path as ``name`` or ``id``
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NewPipeline(Clicked):
    """A CI job that does the same."""

    platform: Literal["github", "gitlab"] = "github"
