"""What was submitted: the payload of the workflow ``job``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline import notebooks
from labline.errors import BadNotebook

if TYPE_CHECKING:
    from nbformat import NotebookNode

#: name of the workflow
JOB = "job"


@dataclass(frozen=True)
class Order:
    """What was submitted; the payload of the workflow."""

    #: where the notebook was
    notebook: str
    #: digest of its bytes at submit
    sha256: str
    parameters: Mapping[str, Any]
    experiment: str
    #: name of the run
    name: str
    #: seconds for all cells together
    timeout: float
    #: bytes that its processes may hold
    memory: int | None = None
    #: CPUs that its kernel may use
    cpus: int | None = None
    #: what is higher leaves the queue first
    priority: int = 0
    #: the queue's group
    group: str | None = None
    #: how often to try again where the kernel was lost
    retries: int = 0
    #: whether to try again where a cell raised, too
    retry_on_error: bool = False
    #: id of the job that this one tries again
    retry_of: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    #: file that holds the notebook as it was at submit
    snapshot: str = ""
    #: local modules as they were at submit: digest by path relative to the notebook's folder
    modules: Mapping[str, str] = field(default_factory=dict)
    #: input files as they were at submit, as modules; with any, it works in a folder of its own
    inputs: Mapping[str, str] = field(default_factory=dict)
    #: patterns of the files it leaves that are kept
    keep: tuple[str, ...] = ()
    #: files that the executed notebook and its HTML page go to
    output: str = ""
    report: str = ""
    #: id of the sweep that the job belongs to
    sweep: str | None = None
    #: id of the parent run of that sweep
    parent: str | None = None

    @property
    def path(self) -> Path:
        """Where the notebook was."""
        return Path(self.notebook)

    @property
    def log(self) -> Path:
        """File that what the cells show is appended to, as text."""
        return Path(self.snapshot).with_name("log.txt")

    @property
    def own_folder(self) -> Path:
        """Folder that it works in, if it has inputs."""
        return Path(self.snapshot).with_name("files")

    def content(self) -> bytes:
        """Return the notebook as it was at submit.

        Raises
        ------
        BadNotebook
            The snapshot is gone or was changed.
        """
        try:
            content = Path(self.snapshot).read_bytes()
        except OSError as error:
            raise BadNotebook(
                f"The snapshot {self.snapshot} of {self.path.name} cannot be read: "
                f"{error.strerror}.",
                fix="Submit the notebook again.",
            ) from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise BadNotebook(
                f"The snapshot {self.snapshot} of {self.path.name} was changed after submit.",
                fix="Submit the notebook again.",
            )
        return content

    def given(self) -> NotebookNode:
        """Return the notebook as it was at submit, with the values injected."""
        return notebooks.inject(notebooks.parse(self.content(), self.path.name), self.parameters)
