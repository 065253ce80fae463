"""The worker that conducts a sweep is killed with SIGKILL, wherever it is."""

import random
import signal
import subprocess
import sys
import time

import pytest
from tests.conftest import write_notebook
from tests.faults.test_worker_kernels import WORKER
from tests.jobs import open_project

from labline.jobs.sweeps import Range, Wanted
from labline.records import JobStatus

CELL = "import time; time.sleep(0.3)\nscore = -abs(alpha - 3)\n%log score=score"


@pytest.fixture
def start(tmp_path):
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", WORKER, str(tmp_path)]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def survive(root, start, *, trials: int, kills: int, seed: int) -> None:
    """Run a sweep that learns while its worker is killed again and again."""
    project, chance = open_project(root), random.Random(seed)
    sweeps = project.jobs.sweeps
    path = write_notebook(root / "train.ipynb", CELL, parameters="alpha = 0.5")
    wanted = Wanted(trials=trials, metric="score", prune=True)
    begun = sweeps.start(path, {}, {"alpha": Range(0, 10)}, wanted)
    for _ in range(kills):
        worker = start()
        before = sum(trial.status.ended for trial in sweeps.get(begun.id).trials)
        deadline = time.monotonic() + 90
        while sum(trial.status.ended for trial in sweeps.get(begun.id).trials) == before:
            assert time.monotonic() < deadline, "the sweep does not come on"
            time.sleep(chance.uniform(0, 0.2))
        time.sleep(chance.uniform(0, 1))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    start()
    done = sweeps.wait(begun.id, timeout=240)
    assert (done.status, len(done.trials)) == (JobStatus.SUCCEEDED, trials)
    assert [trial.number for trial in done.trials] == list(range(1, trials + 1))
    assert project.tracking.run(done.run_id).status == "FINISHED"
    nested = project.tracking.runs(where=f"tags.`mlflow.parentRunId` = '{done.run_id}'", limit=999)
    assert sorted(run.tags["labline.job"] for run in nested) == sorted(done)
    ended = {"FINISHED": JobStatus.SUCCEEDED, "KILLED": JobStatus.CANCELLED}
    assert {trial.run_id: trial.status for trial in done.trials} == {
        run.id: ended[run.status] for run in nested
    }
    project.close()


def test_a_sweep_goes_on_where_a_killed_worker_left_it(tmp_path, leaves_nothing_running, start):
    survive(tmp_path, start, trials=4, kills=1, seed=1)


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(5))
def test_a_sweep_survives_every_kill(tmp_path, leaves_nothing_running, start, seed):
    survive(tmp_path, start, trials=20, kills=6, seed=seed)
