"""The queue of jobs: who comes first, and how many run at a time."""

import pytest
from tests.conftest import write_notebook
from tests.jobs import open_project
from tests.warm import all_cpus

from labline.errors import BadInput
from labline.jobs.options import Options
from labline.records import JobStatus

POLICY = "[jobs]\nconcurrency = 2\ngroups = { gpu = 1 }\n"
CELL = "import time; time.sleep(0.3)"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("LABLINE_DATABASE_URL", raising=False)
        made = open_project(tmp_path_factory.mktemp("queue"), POLICY)
    yield made
    made.workflows.close()


def most_at_a_time(jobs) -> int:
    return max(sum(one.started <= job.started < one.ended for one in jobs) for job in jobs)


def test_priorities_and_limits_of_worker_and_group_hold(project):
    path = write_notebook(project.root / "nb.ipynb", CELL)
    given = [Options(group="gpu")] * 2 + [Options()] * 2 + [Options(priority=10)]
    ids = [project.jobs.submit(path, {}, options).id for options in given]
    with project.workflows.executor():
        jobs = project.jobs.wait(ids, timeout=120)
    assert {job.status for job in jobs} == {JobStatus.SUCCEEDED}
    assert most_at_a_time(jobs) == 2
    assert most_at_a_time(jobs[:2]) == 1
    assert jobs[4].started < max(jobs[2].started, jobs[3].started)
    assert (jobs[0].options["group"], jobs[4].options["priority"]) == ("gpu", 10)


def test_a_group_that_is_not_declared_is_refused(project):
    path = write_notebook(project.root / "nb.ipynb", CELL)
    with pytest.raises(BadInput, match=r"no group 'gpus' of jobs.\nDid you mean 'gpu'\?"):
        project.jobs.submit(path, {}, Options(group="gpus"))


def test_a_kernel_is_held_to_its_cpus(project):
    told = "import os; print(len(os.sched_getaffinity(0)), os.environ['OMP_NUM_THREADS'])"
    path = write_notebook(project.root / "cpus.ipynb", told)
    with all_cpus(), project.workflows.executor():
        job = project.jobs.submit(path, {}, Options(cpus=1))
        (done,) = project.jobs.wait([job.id], timeout=120)
    assert project.jobs.log(done.id).endswith("\n1 1\n")
