"""What several kinds of tests share: projects, notebooks, and a check that nothing is left."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from tests import migrated, ports
from tests.postgres import postgres_server

from labline.kernel import warm


def pytest_configure() -> None:
    """Allow what a process may have open at most: one process runs hundreds of kernels.

    It also has all of MLflow in memory: who looks for garbage each 700 objects looks long.
    """
    gc.set_threshold(50_000, 20, 20)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the machine has set from reaching the tests."""
    for name in list(os.environ):
        if name.startswith(("LABLINE_", "MLFLOW_", "BENTOML_")):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def _migrates_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Make MLflow's databases as copies of one."""
    with migrated.copied(tmp_path_factory.mktemp("migrated") / "mlflow.db"):
        yield


@pytest.fixture(autouse=True)
def _ends_warm_kernels(request: pytest.FixtureRequest) -> Iterator[None]:
    """End what is kept ready for the projects of a test; it would wait for ten minutes."""
    has_folder = "tmp_path" in request.fixturenames
    folder = request.getfixturevalue("tmp_path") if has_folder else None
    yield
    if folder and any(_WARM.glob("z-*.sock")):
        for root in _warm_roots(str(folder)):
            warm.stop(root)


_WARM = Path(f"/tmp/labline-{os.getuid()}")


def _warm_roots(folder: str) -> set[Path]:
    """Return the projects below `folder` for which kernels are kept ready."""
    lines = [_command(found) for found in psutil.process_iter()]
    zygotes = [line for line in lines if "labline.kernel.warm" in line]
    roots = {json.loads(line[-1])["root"] for line in zygotes}
    return {Path(root) for root in roots if root.startswith(folder)}


@pytest.fixture
def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    return ports.free_port()


def write_notebook(path: Path, *cells: str, parameters: str | None = None) -> Path:
    """Write a notebook of code cells; `parameters` becomes the tagged cell."""
    made = [new_code_cell(source) for source in cells]
    if parameters is not None:
        made.insert(0, new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = new_notebook(cells=made, metadata={"kernelspec": spec})
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)
    return path


@pytest.fixture
def leaves_nothing_running(tmp_path: Path) -> Iterator[None]:
    """Fail if a process that works in the test's folder outlives the test."""
    yield
    _end_warm_kernels(tmp_path)
    found = [one for one in psutil.process_iter() if _works_in(one, tmp_path)]
    # Some have been told to end and are at it.
    _, late = psutil.wait_procs(found, timeout=30)
    # Not what has ended and only waits to be buried.
    left = [one for one in late if _works_in(one, tmp_path)]
    words: Mapping[int, str] = {found.pid: " ".join(_command(found)) for found in left}
    for found in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            found.kill()
    assert not words


def _end_warm_kernels(folder: Path) -> None:
    """End what is kept ready for jobs to come: it is to outlive a job, and not a test."""
    from labline.kernel import warm

    warm.stop(folder)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(
        "labline.kernel.warm" in _command(found) and _works_in(found, folder)
        for found in psutil.process_iter()
    ):
        time.sleep(0.05)


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        mine = process.pid == os.getpid()
        at = str(folder)
        return not mine and (
            process.cwd().startswith(at) or any(at in part for part in process.cmdline())
        )
    except psutil.Error:
        return False


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server of our own and yield its SQLAlchemy URL."""
    with postgres_server() as server:
        yield server.url
