"""A project whose jobs are run by worker processes that tests start, pause and kill."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.jobs import Project, open_project

from labline.kernel import warm

POLICY = "[workers]\nheartbeat = '0.3s'\nlost = '10s'\n[kernels]\nspares = 1\n"
WORKER = """
import sys, time
from labline.lab import Lab

with Lab.from_(sys.argv[1]).worker():
    print("up", flush=True)
    time.sleep(1800)
"""


@dataclass
class Floor:
    """A project with workers of its own that can be killed."""

    project: Project
    url: str | None
    crew: list[subprocess.Popen[str]] = field(default_factory=list)

    def hire(self, *, wait: bool = True) -> None:
        """Start a worker."""
        environment = {**os.environ, **({"LABLINE_DATABASE_URL": self.url} if self.url else {})}
        command = [sys.executable, "-c", WORKER, str(self.project.root)]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        self.crew.append(worker)
        assert worker.stdout
        assert not wait or worker.stdout.readline() == "up\n"

    def fire(self, worker: subprocess.Popen[str]) -> None:
        """Kill a worker."""
        worker.kill()
        worker.wait()
        assert worker.stdout
        worker.stdout.close()
        self.crew.remove(worker)


@contextmanager
def floor(root: Path, url: str | None, workers: int) -> Iterator[Floor]:
    with pytest.MonkeyPatch.context() as patch:
        if url:
            patch.setenv("LABLINE_DATABASE_URL", url)
        made = Floor(open_project(root, POLICY), url)
        try:
            for _ in range(workers):
                made.hire()
            yield made
        finally:
            for worker in list(made.crew):
                made.fire(worker)
            warm.stop(root)
            made.project.close()
