"""Jobs that are stopped from outside, and work within work."""

import time
from pathlib import Path

import pytest
from tests.conftest import write_notebook
from tests.jobs import kernels, open_project, shown, until

from labline.records import JobStatus
from labline.tracking import Tracking


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory) -> str:
    """Return the URI of one MLflow database for all: it takes seconds to make."""
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    Tracking(uri, folder / "artifacts").ping()
    return uri


def test_a_workflow_may_replay_in_the_only_slot_of_its_queue(tmp_path, mlflow):
    project = open_project(tmp_path, "[jobs]\nconcurrency = 1\n", mlflow=mlflow)
    seen = {}

    def promote(flow, payload):
        replayed = flow.step("replay", lambda: project.jobs.replay(payload["run"]))
        seen["metrics"] = replayed.metrics
        return replayed.id

    project.workflows.register("promotion", promote, queue="promotions")
    path = write_notebook(project.root / "train.ipynb", "print(1)")
    job = project.jobs.submit(path)
    with project.workflows.executor():
        (done,) = project.jobs.wait([job.id], timeout=120)
        id = project.workflows.submit("promotion", {"run": done.run_id})
        state = project.workflows.wait(id, timeout=120)
    assert state.status == JobStatus.SUCCEEDED, state.error
    assert project.tracking.run(state.result).tags["labline.replay_of"] == done.run_id
    project.workflows.close()


def cancelled(project, *cells):
    """Return a job that was cancelled in its second cell, and the seconds its kernel lived on."""
    path = write_notebook(project.root / "long.ipynb", *cells)
    job = project.jobs.submit(path)
    until(lambda: "at it" in project.jobs.log(job.id), seconds=60)
    project.jobs.cancel(job.id)
    asked = time.monotonic()
    until(lambda: not kernels(path), seconds=60)
    took = time.monotonic() - asked
    done = project.jobs.get(job.id)
    kept = "labline/output.ipynb"
    until(lambda: kept in project.tracking.artifacts(done.run_id, "labline"), seconds=60)
    return done, took


LONG = "import time\ntry:\n    print('at it', flush=True)\n    time.sleep(600)\n"


def test_a_cell_of_a_cancelled_job_is_interrupted_and_may_clean_up(tmp_path, mlflow):
    project = open_project(tmp_path, "[jobs]\ngrace = '60s'\n", mlflow=mlflow)
    clean = f"{LONG}finally:\n    print('cleaned up')\n    open('clean', 'w').close()"
    first = "print('so far')\n%log found=1"
    with project.workflows.executor():
        done, took = cancelled(project, first, clean, "print('never')")
    assert (done.status, done.progress[0]) == (JobStatus.CANCELLED, 1)
    assert took < 50
    assert (tmp_path / "clean").exists()
    assert shown(done.output) == "so far\nat it\ncleaned up\n"
    run = project.tracking.run(done.run_id)
    assert (run.status, run.metrics) == ("KILLED", {"found": 1.0})
    project.close()


def test_a_cell_that_takes_no_interrupt_is_killed_after_a_grace(tmp_path, mlflow):
    project = open_project(tmp_path, "[jobs]\ngrace = '1s'\n", mlflow=mlflow)
    stubborn = (
        "import time\nprint('at it', flush=True)\nwhile True:\n"
        "    try:\n        time.sleep(600)\n    except KeyboardInterrupt:\n        pass"
    )
    with project.workflows.executor():
        done, _ = cancelled(project, "print('so far')", stubborn)
    assert done.status is JobStatus.CANCELLED
    assert shown(done.output).startswith("so far\nat it\n")
    assert "was killed: it did not end when interrupted" in Path(done.output).read_text()
    project.close()


def test_a_job_is_stopped_when_its_time_is_up(tmp_path, mlflow):
    project = open_project(tmp_path, "[jobs]\ntimeout = '15s'\n", mlflow=mlflow)
    path = write_notebook(project.root / "slow.ipynb", "1", "import time; time.sleep(200)")
    job = project.jobs.submit(path)
    with project.workflows.executor():
        (done,) = project.jobs.wait([job.id], timeout=120)
    assert done.error.startswith("Cell 2 was killed: over 15 s for all cells")
    assert project.tracking.run(done.run_id).status == "FAILED"
    assert not kernels(path)
    project.workflows.close()


def test_a_job_interrupted_by_the_end_of_its_executor_is_run_again(tmp_path, mlflow):
    project = open_project(tmp_path, mlflow=mlflow)
    go = project.root / "go"
    path = write_notebook(
        project.root / "wait.ipynb",
        f"import os, time\nif not os.path.exists({str(go)!r}): time.sleep(60)",
    )
    job = project.jobs.submit(path)
    with project.workflows.executor():
        while project.jobs.get(job.id).progress[1] == 0:
            time.sleep(0.05)
        first = project.jobs.get(job.id).run_id
    assert project.jobs.get(job.id).status == JobStatus.QUEUED
    assert not kernels(path)
    go.touch()
    with project.workflows.executor():
        (done,) = project.jobs.wait([job.id], timeout=120)
    assert (done.status, done.run_id) == (JobStatus.SUCCEEDED, first)
    assert len(project.tracking.runs(project.settings.project.name)) == 1
    project.workflows.close()
