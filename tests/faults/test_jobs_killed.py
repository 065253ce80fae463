"""Kernels, zygotes and workers that are killed at each step of a job: it ends once, whole."""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from tests.conftest import write_notebook
from tests.floor import Floor, floor
from tests.jobs import Project, kernels, shown, until

from labline.jobs.options import Options
from labline.kernel import warm
from labline.records import Job, JobStatus

CELLS = (
    "import time\nprint('one', number)",
    "for _ in range(5): time.sleep(0.1)\nprint('two', number)",
    "print('three', number)",
)
#: the steps of a job, in order: what is to be seen of it when it is there
STEPS: dict[str, Callable[[Job], bool]] = {
    "queued": lambda job: True,
    "started": lambda job: job.status is not JobStatus.QUEUED,
    "run opened": lambda job: job.run_id is not None,
    "first cells": lambda job: job.progress[1] > 0,
    "long cell": lambda job: job.progress[0] >= 2,
    "storing": lambda job: job.progress[0] == len(CELLS) + 2,
}
VICTIMS = ("kernel", "worker", "zygote")
#: up to so many seconds into a step
SPAN = 0.15


def kill(at: Floor, victim: str, path: Path, chance: random.Random) -> bool:
    """Kill one of a kind, if there is one; tell whether there was."""
    if victim == "worker":
        at.fire(chance.choice(at.crew))
        at.hire(wait=False)
        return True
    zygotes = [one["pid"] for one in warm.zygotes(at.project.root)]
    killed = [_kill(pid) for pid in (kernels(path) if victim == "kernel" else zygotes)]
    return any(killed)


def _kill(pid: int) -> bool:
    try:
        psutil.Process(pid).kill()
    except psutil.NoSuchProcess:
        return False
    return True


def survive(at: Floor, kills: int, seed: int) -> Counter[tuple[str, str]]:
    """Kill at step after step of job after job until so many kills hit; check each job."""
    chance, hits = random.Random(seed), Counter[tuple[str, str]]()
    path = write_notebook(at.project.root / "work.ipynb", *CELLS, parameters="number = 0")
    turns = [(victim, step) for step in STEPS for victim in VICTIMS]
    chance.shuffle(turns)
    for number, (victim, step) in enumerate(itertools.cycle(turns)):
        job = at.project.jobs.submit(path, {"number": number}, Options(retries=5))
        _await(at.project, job, STEPS[step])
        time.sleep(chance.uniform(0, SPAN))
        is_early = not at.project.jobs.get(job.id).status.ended
        hits[victim, step] += kill(at, victim, path, chance) and is_early
        assert_whole(at.project, job.id, number)
        if hits.total() >= kills:
            return hits
    raise AssertionError


def _await(project: Project, job: Job, step: Callable[[Job], bool]) -> None:
    def there() -> bool:
        now = project.jobs.get(job.id)
        return now.status.ended or step(now)

    until(there, seconds=120)


def assert_whole(project: Project, id: str, number: int) -> None:
    """Fail unless the job has ended well, once, with what its cells printed."""
    (done,) = project.jobs.wait([id], timeout=120)
    assert done.status is JobStatus.SUCCEEDED, done.error
    assert shown(done.output) == f"one {number}\ntwo {number}\nthree {number}\n"
    assert Path(done.report).is_file()
    where = f"tags.`labline.job` = '{id}'"
    runs = project.tracking.runs(project.root.name, where=where)
    assert Counter(run.status for run in runs)["FINISHED"] == 1, runs
    assert not [run for run in runs if run.status == "RUNNING"]
    kept = project.tracking.read_bytes(done.run_id, "labline/output.ipynb")
    assert f"three {number}" in kept.decode()


CASES = [pytest.param("sqlite", 1, 3, id="sqlite"), pytest.param("postgres", 2, 2, id="postgres")]
PROOF = [
    pytest.param(where, workers, 50, id=f"{where}-fifty", marks=[pytest.mark.proof])
    for where, workers in (("sqlite", 1), ("postgres", 2))
]


@pytest.mark.timeout(3000)
@pytest.mark.parametrize(("where", "workers", "kills"), CASES + PROOF)
def test_a_job_whose_kernel_zygote_or_worker_is_killed_at_any_step_ends_once_with_its_outputs(
    tmp_path: Path,
    where: str,
    workers: int,
    kills: int,
    request: pytest.FixtureRequest,
    leaves_nothing_running: None,
) -> None:
    url = request.getfixturevalue("postgres") if where == "postgres" else None
    with floor(tmp_path, url, workers) as at:
        hits = survive(at, kills, seed=kills)
    for (victim, step), count in sorted(hits.items()):
        print(f"{where}: {victim} killed at {step}: {count}")
