"""A worker that is paused, and taken for dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.conftest import write_notebook
from tests.jobs import Project, kernels, open_project, until

from labline.kernel import warm
from labline.records import JobStatus

POLICY = "[workers]\nheartbeat = '0.3s'\nlost = '2s'\n[kernels]\nspares = 1\n"
WORKER = """
import sys, time
from labline.lab import Lab

with Lab.from_(sys.argv[1]).worker():
    print("up", flush=True)
    time.sleep(600)
"""


@dataclass
class Floor:
    """A project with workers of its own that can be killed."""

    project: Project
    url: str | None
    crew: list[subprocess.Popen[str]] = field(default_factory=list)

    def hire(self) -> subprocess.Popen[str]:
        """Start a worker and wait until it is up."""
        environment = {**os.environ, **({"LABLINE_DATABASE_URL": self.url} if self.url else {})}
        command = [sys.executable, "-c", WORKER, str(self.project.root)]
        worker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert worker.stdout
        assert worker.stdout.readline() == "up\n"
        self.crew.append(worker)
        return worker

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


def test_a_worker_that_was_only_paused_stores_nothing_after_another_took_over(
    tmp_path: Path, postgres: str, leaves_nothing_running: None
) -> None:
    with floor(tmp_path, postgres, 1) as at:
        paused = at.crew[0]
        source = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)"
        mark = "open('order', 'a').write('x')\nprint('end', os.getppid() > 0)"
        path = write_notebook(at.project.root / "work.ipynb", source, mark)
        job = at.project.jobs.submit(path)
        jobs = at.project.jobs
        until(lambda: jobs.get(job.id).progress[1])
        paused.send_signal(signal.SIGSTOP)
        try:
            at.hire()
            until(lambda: len(kernels(path)) == 2, seconds=60)
            (tmp_path / "go").touch()
            (done,) = jobs.wait([job.id], timeout=60)
            written = Path(done.output).stat().st_mtime_ns
        finally:
            paused.send_signal(signal.SIGCONT)
        assert done.status is JobStatus.SUCCEEDED
        until(lambda: not kernels(path), seconds=30)
        assert Path(done.output).stat().st_mtime_ns == written
        assert jobs.get(job.id) == done
        assert [run.status for run in at.project.tracking.runs(tmp_path.name)] == ["FINISHED"]
        # The first one's kernel never came to its second cell.
        assert (tmp_path / "order").read_text() == "x"
