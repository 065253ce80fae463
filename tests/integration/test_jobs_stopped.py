"""Jobs that are stopped from outside, and work within work."""

import time

import pytest
from tests.conftest import write_notebook
from tests.jobs import kernels, open_project

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
        (done,) = project.jobs.wait([job.id], timeout=60)
        id = project.workflows.submit("promotion", {"run": done.run_id})
        state = project.workflows.wait(id, timeout=60)
    assert state.status == JobStatus.SUCCEEDED, state.error
    assert project.tracking.run(state.result).tags["labline.replay_of"] == done.run_id
    project.workflows.close()


def test_a_job_is_stopped_when_its_time_is_up(tmp_path, mlflow):
    project = open_project(tmp_path, "[jobs]\ntimeout = '1.5s'\n", mlflow=mlflow)
    path = write_notebook(project.root / "slow.ipynb", "1", "import time; time.sleep(60)")
    job = project.jobs.submit(path)
    with project.workflows.executor():
        (done,) = project.jobs.wait([job.id], timeout=30)
    assert done.error.startswith("Cell 2 was killed: over 1.5 s for all cells")
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
        (done,) = project.jobs.wait([job.id], timeout=60)
    assert (done.status, done.run_id) == (JobStatus.SUCCEEDED, first)
    assert len(project.tracking.runs(project.settings.project.name)) == 1
    project.workflows.close()
