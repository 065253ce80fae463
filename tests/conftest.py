"""What several kinds of tests share: projects, notebooks, and a check that nothing is left."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what the machine has set from reaching the tests."""
    for name in list(os.environ):
        if name.startswith(("LABLINE_", "MLFLOW_", "BENTOML_")):
            monkeypatch.delenv(name)


@pytest.fixture
def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
    left = [found for found in psutil.process_iter() if _works_in(found, tmp_path)]
    words: Mapping[int, str] = {found.pid: " ".join(_command(found)) for found in left}
    for found in left:
        found.kill()
    assert not words


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
