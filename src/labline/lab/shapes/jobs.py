"""Jobs, sweeps and schedules, and the form that a notebook's parameters make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labline.jobs.sweeps import Sweep
from labline.records import Job, Schedule


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
    #: how many lines before it were passed over
    skipped: int = 0


@dataclass(frozen=True)
class Submitted:
    """The jobs that were queued."""

    jobs: tuple[Job, ...]
    #: the same as a command
    cli: str
    #: id of the sweep that they are of; null for a job alone
    sweep: str | None = None


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
