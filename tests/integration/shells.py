"""An IPython shell of this process with labline loaded, and what is read of its recordings."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from labline import load_ipython_extension
from labline.kernel import uninstall
from labline.records import Run
from labline.tracking import Tracking

Cell = Callable[..., Any]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "labline.toml").write_text('[project]\nname = "churn"\n')
    return folder


@pytest.fixture
def tracking(project: Path) -> Tracking:
    return Tracking(f"sqlite:///{project}/.labline/mlflow.db", project / ".labline/artifacts")


@pytest.fixture
def shell(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.chdir(project)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    config = Config()
    config.HistoryManager.enabled = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        shell = InteractiveShell(config=config)
    load_ipython_extension(shell)
    yield shell
    uninstall(shell)


@pytest.fixture
def run(shell: InteractiveShell) -> Cell:
    """Return a function that runs a cell and returns its value, or its error where one is due."""

    def run(source: str, fails: type[BaseException] | str | None = None, **meta: Any) -> Any:
        result = shell.run_cell(source, store_history=True, **meta)
        error = result.error_before_exec or result.error_in_exec
        if fails is None:
            result.raise_error()
            return result.result
        assert error is not None
        assert type(error).__name__ == (fails if isinstance(fails, str) else fails.__name__)
        return error

    return run


def last(tracking: Tracking, experiment: str = "churn") -> Run:
    """Return the newest run of an experiment."""
    return tracking.runs(experiment, limit=1)[0]


def recording(tracking: Tracking, run: Run) -> dict[str, Any]:
    """Return what was recorded for a run."""
    found: dict[str, Any] = tracking.read_json(run.id, "labline/recording.json")
    return found
