"""A worker that is killed with SIGKILL while a notebook runs."""

import signal
import subprocess
import sys

import pytest
from tests.conftest import write_notebook
from tests.jobs import kernels, open_project, until

from labline.records import JobStatus

WORKER = """
import sys, time
from labline.database import Database
from labline.jobs import Jobs
from labline.settings import Settings
from labline.tracking import Tracking
from labline.workflows import Workflows

settings = Settings.load(sys.argv[1])
workflows = Workflows(settings, Database(settings.database))
Jobs(settings, workflows, Tracking(settings.mlflow_uri, settings.state / "artifacts"))
with workflows.executor(heartbeat=True):
    time.sleep(600)
"""


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


def test_the_kernel_dies_with_its_worker_and_the_job_is_carried_on_in_the_same_run(
    tmp_path, start, leaves_nothing_running
):
    project = open_project(tmp_path)
    jobs = project.jobs
    path = write_notebook(
        project.root / "long.ipynb",
        "import os, time\nif not os.path.exists('go'): time.sleep(100)",
        "print('through')",
    )
    job = jobs.submit(path)
    first = start()
    until(lambda: jobs.get(job.id).progress[1])
    run_id = jobs.get(job.id).run_id
    assert len(kernels(path)) == 1
    first.send_signal(signal.SIGKILL)
    first.wait()
    until(lambda: not kernels(path), seconds=30)
    assert jobs.get(job.id).status == JobStatus.RUNNING
    (tmp_path / "go").touch()
    second = start()
    (done,) = jobs.wait([job.id], timeout=120)
    assert (done.status, done.run_id, done.progress) == (JobStatus.SUCCEEDED, run_id, (2, 2))
    assert [run.status for run in project.tracking.runs(tmp_path.name)] == ["FINISHED"]
    second.kill()
    second.wait()
    project.workflows.close()
