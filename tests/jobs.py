"""Projects whose jobs are run by the tests themselves."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import psutil

from labline.database import Database
from labline.jobs import Jobs
from labline.kernel import warm
from labline.settings import Settings, find_root
from labline.tracking import Tracking
from labline.workflows import Workflows


@dataclass(frozen=True)
class Project:
    """A project with its parts, wired as Lab wires them."""

    settings: Settings
    workflows: Workflows
    tracking: Tracking
    jobs: Jobs
    database: Database

    def close(self) -> None:
        """Close the connections."""
        self.workflows.close()
        self.database.close()

    @property
    def root(self) -> Path:
        return self.settings.root


def open_project(root: Path, policy: str = "", *, mlflow: str | None = None) -> Project:
    """Make a project named as its folder; `mlflow` is the URI of a database that is there."""
    (root / "labline.toml").write_text(f"[project]\nname = '{root.name}'\n{policy}")
    settings = Settings.load(root).model_copy(update={"tracking_uri": mlflow})
    database = Database(settings.database)
    workflows = Workflows(settings, database)
    tracking = Tracking(settings.mlflow_uri, settings.state / "artifacts")
    return Project(settings, workflows, tracking, Jobs(settings, workflows, tracking), database)


def shown(path: Any) -> str:
    """Return what the cells of an executed notebook printed."""
    book = nbformat.read(path, as_version=4)
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    return "".join(output.get("text", "") for output in outputs)


def kernels(notebook: Path) -> list[int]:
    """Return the processes of the kernels that run a notebook."""
    cold = [found.pid for found in psutil.process_iter() if _runs(found, notebook)]
    # The environment that the system shows of a fork is that of its zygote.
    return cold + [pid for one in warm.zygotes(find_root(notebook)) for pid in one["kernels"]]


def _runs(process: psutil.Process, notebook: Path) -> bool:
    try:
        return process.environ().get("LABLINE_NOTEBOOK") == str(notebook)
    except psutil.Error:
        return False


def until(condition: Callable[[], Any], seconds: float = 90) -> None:
    """Wait for something to come to pass."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)
