"""How a job is to be run, where it differs from what the project has set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """How a job, or each job of a sweep, is to be run; None is as in ``[jobs]``."""

    #: experiment of the runs; the project's if None
    experiment: str | None = None
    #: folder for the executed notebook and its report; the job's own if None
    output_dir: Path | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    #: seconds for all cells together
    timeout: float | None = None
    #: bytes that the job's processes may hold
    memory: int | None = None
    #: CPUs that the job's kernel may use
    cpus: int | None = None
    #: from -100 to 100: what is higher leaves the queue first
    priority: int = 0
    #: group of ``[jobs.groups]`` whose limit it falls under
    group: str | None = None
    #: how often to try again where the kernel was lost
    retries: int | None = None
    #: whether to try again where a cell raised, too
    retry_on_error: bool = False
    #: files to copy beside the notebook; the job then works in a folder of its own
    inputs: Sequence[Path] = ()
    #: patterns of the files that it leaves which are kept with its run
    keep: Sequence[str] = ()
    #: the same key is the same job, however often it is submitted
    key: str | None = None


#: As the project has it.
DEFAULT = Options()
