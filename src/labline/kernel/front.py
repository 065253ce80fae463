"""What the front end asks of a kernel: begin to record, end, look; and what it tells.

JupyterLab evaluates these as user expressions of a silent request, so that nothing is shown,
counted or recorded of them. The answer travels as the JSON form of what they return.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from labline.kernel import install


@dataclass(frozen=True)
class Told:
    """How the recorder stands, for the front end."""

    active: bool
    experiment: str = ""
    #: cells recorded so far
    cells: int = 0
    #: what went wrong, or is worth knowing
    message: str = ""
    #: name of the run that has just ended
    ended: str = ""

    def _repr_json_(self) -> dict[str, Any]:
        return asdict(self)


def begin(notebook: str) -> Told:
    """Load labline where it is not yet, and begin to record.

    Parameters
    ----------
    notebook
        File name of the notebook now; the kernel itself knows the one at its start.
    """
    shell = _shell()
    shell.extension_manager.load_extension("labline")
    named = notebook if Path(notebook).is_file() else None
    return _told(install(shell).start(notebook=named))


def end() -> Told:
    """End the recording and publish its run."""
    recorder = install(_shell())
    ended = recorder.stop()
    run = ended.run if ended else None
    return _told(recorder.status, ended=(run.name or run.id[:8]) if run else "")


def look() -> Told:
    """Tell how the recorder stands."""
    return _told(install(_shell()).status)


@dataclass(frozen=True)
class Answer:
    """What the kernel answers a page; see :mod:`labline.kernel.identity`."""

    state: dict[str, Any]

    def _repr_json_(self) -> dict[str, Any]:
        return self.state


def tell(page: str, said: str) -> Answer:
    """Take what a page says about its notebook, where no comm can carry it.

    Parameters
    ----------
    page
        The same in every call of this page.
    said
        JSON of what it would send.
    """
    return Answer(install(_shell()).identity.tell(page, json.loads(said)))


def forget(page: str) -> None:
    """Note that a page is closed while its kernel goes on."""
    install(_shell()).identity.forget(page)


def _told(status: Any, ended: str = "") -> Told:
    return Told(status.active, status.experiment, status.cells, status.message, ended)


def _shell() -> Any:
    from IPython import get_ipython

    return get_ipython()
