"""Kernels, zygotes and workers that are killed at any step of a job: it ends once, whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from tests.conftest import write_notebook
from tests.jobs import Project, kernels, open_project, shown, until

from labline.jobs.options import Options
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
CELLS = (
    "import time\nprint('one', number)",
    "for _ in range(3): time.sleep(0.1)\nprint('two', number)",
    "print('three', number)",
)
VICTIMS = ("kernel", "zygote", "worker")
#: seconds within which all of a job's life passes, on a machine that is not busy
SPAN = 2.5


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

    def kill(self, victim: str, path: Path, chance: random.Random) -> bool:
        """Kill one of a kind, if there is one; tell whether there was."""
        if victim == "worker":
            self.fire(chance.choice(self.crew))
            self.hire()
            return True
        root = self.project.root
        pids = kernels(path) if victim == "kernel" else [z["pid"] for z in warm.zygotes(root)]
        for pid in pids:
            try:
                psutil.Process(pid).kill()
            except psutil.NoSuchProcess:
                pids.remove(pid)
        return bool(pids)


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


def survive(at: Floor, kills: int, seed: int) -> int:
    """Kill at random moments of job after job until so many hit; check each job; count them."""
    chance, hits, number = random.Random(seed), 0, 0
    path = write_notebook(at.project.root / "work.ipynb", *CELLS, parameters="number = 0")
    while hits < kills:
        number += 1
        job = at.project.jobs.submit(path, {"number": number}, Options(retries=5))
        time.sleep(chance.uniform(0, SPAN))
        victim = VICTIMS[number % len(VICTIMS)]
        is_early = not at.project.jobs.get(job.id).status.ended
        hits += at.kill(victim, path, chance) and is_early
        assert_whole(at.project, job.id, number)
    return number


def assert_whole(project: Project, id: str, number: int) -> None:
    """Fail unless the job has ended well, once, with what its cells printed."""
    (done,) = project.jobs.wait([id], timeout=120)
    assert done.status is JobStatus.SUCCEEDED, done.error
    assert shown(done.output) == f"one {number}\ntwo {number}\nthree {number}\n"
    where = f"tags.`labline.job` = '{id}'"
    runs = project.tracking.runs(project.root.name, where=where)
    assert [run.status for run in runs].count("FINISHED") == 1, runs
    assert not [run for run in runs if run.status == "RUNNING"]


def test_jobs_survive_kills_on_sqlite(tmp_path: Path, leaves_nothing_running: None) -> None:
    with floor(tmp_path, None, 1) as at:
        survive(at, 3, seed=1)


def test_jobs_survive_kills_of_one_of_two_workers_on_postgres(
    tmp_path: Path, postgres: str, leaves_nothing_running: None
) -> None:
    with floor(tmp_path, postgres, 2) as at:
        survive(at, 3, seed=2)


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("where", ["sqlite", "postgres"])
def test_jobs_survive_fifty_kills(
    tmp_path: Path, where: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue("postgres") if where == "postgres" else None
    with floor(tmp_path, url, 2 if url else 1) as at:
        jobs = survive(at, 25, seed=3)
        print(f"{where}: 25 kills over {jobs} jobs, each ended once")


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
