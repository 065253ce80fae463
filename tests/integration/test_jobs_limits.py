"""Limits of jobs, and trying again, with the real queue and real kernels."""

import nbformat
import pytest
from tests.conftest import write_notebook
from tests.jobs import kernels, open_project, shown

from labline.errors import Conflict
from labline.jobs.options import Options
from labline.records import JobStatus

POLICY = "[jobs]\noutput = '1MiB'\nmemory = '2GiB'\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("LABLINE_DATABASE_URL", raising=False)
        made = open_project(tmp_path_factory.mktemp("limits"), POLICY)
    object.__setattr__(made.jobs._work, "backoff", (0.1, 0.1))
    with made.workflows.executor():
        yield made
    made.workflows.close()


@pytest.fixture
def run(project):
    def run(name: str, *cells: str, **options):
        path = write_notebook(project.root / name, *cells)
        job = project.jobs.submit(path, {}, Options(**options))
        return project.jobs.wait([job.id], timeout=120)[0]

    return run


def test_a_cell_that_takes_more_memory_than_it_may_is_killed_and_what_ran_is_kept(project, run):
    allocate = "print('now', flush=True)\nlots = []\nwhile True: lots.append(bytearray(2**20))"
    done = run("greedy.ipynb", "print('before')", allocate, memory=300 * 2**20)
    assert done.error.startswith("Cell 2 was killed: over 300 MiB of memory\nGive it more: --mem")
    assert f"See cell 2 of {done.output}." in done.error
    assert (done.status, done.attempt) == (JobStatus.FAILED, 1)
    assert shown(done.output) == "before\nnow\n"
    book = nbformat.read(done.output, as_version=4)
    assert book.cells[1].outputs[-1].evalue == "was killed: over 300 MiB of memory"
    assert not kernels(project.root / "greedy.ipynb")


def test_memory_of_the_processes_that_a_cell_starts_counts_and_shared_memory_once(project, run):
    child = (
        "import subprocess, sys\n"
        "code = 'lots = bytearray(400 * 2**20); import time; time.sleep(30)'\n"
        "subprocess.run([sys.executable, '-c', code])"
    )
    done = run("children.ipynb", child, memory=350 * 2**20)
    assert "Cell 1 was killed: over 350 MiB" in done.error
    fork = (
        "import os, time\nlots = bytearray(150 * 2**20)\n"
        "children = []\n"
        "for _ in range(4):\n    pid = os.fork()\n"
        "    if not pid: time.sleep(1.5); os._exit(0)\n    children.append(pid)\n"
        "for pid in children: os.waitpid(pid, 0)"
    )
    done = run("forks.ipynb", fork, memory=350 * 2**20)
    assert (done.status, done.error) == (JobStatus.SUCCEEDED, "")


def test_what_a_cell_shows_is_kept_up_to_a_size_and_the_rest_is_told(run):
    done = run(
        "loud.ipynb",
        "for _ in range(40): print('x' * (5 * 2**20))",
        "'y' * (2 * 2**20)",
        "print('small')",
    )
    assert done.status == JobStatus.SUCCEEDED
    book = nbformat.read(done.output, as_version=4)
    first, second, third = ("".join(o.text for o in cell.outputs) for cell in book.cells)
    assert first.startswith("xxx")
    assert "[labline: 199 MiB of output were dropped; a cell keeps 1 MiB" in first
    assert len(first) < 1.1 * 2**20
    assert second.startswith("[labline: 2 MiB of output were dropped")
    assert third == "small\n"


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("import os; os._exit(3)", "exit code 3, as os._exit does"),
        ("import os; os.kill(os.getpid(), 11)", "the kernel crashed (SIGSEGV)"),
        ("import os; os.kill(os.getpid(), 9)", "killed from outside (SIGKILL)"),
    ],
)
def test_a_kernel_that_is_lost_is_told_and_the_notebook_begun_again(project, run, cell, words):
    done = run("lost.ipynb", "print('ran')", cell, retries=1)
    assert done.status == JobStatus.FAILED
    assert done.error.startswith("Cell 2 ended with its kernel: ")
    assert words in done.error
    assert done.attempt == 2
    assert shown(done.output) == "ran\n"
    assert project.tracking.run(done.run_id).status == "FAILED"


def test_a_job_that_works_the_second_time_has_succeeded(project, run, tmp_path):
    flag = tmp_path / "seen"
    once = f"import os\nif not os.path.exists({str(flag)!r}):\n    open({str(flag)!r}, 'w')\n    "
    done = run("flaky.ipynb", once + "os._exit(1)", "print('well')", retries=3)
    assert (done.status, done.attempt, done.error) == (JobStatus.SUCCEEDED, 2, "")
    attempts = project.tracking.runs(where=f"tags.`labline.job` = '{done.id}'")
    assert [(run.tags["labline.attempt"], run.status) for run in attempts] == [
        ("2", "FINISHED"),
        ("1", "FAILED"),
    ]
    assert attempts[0].id == done.run_id
    flag.unlink()
    path = write_notebook(project.root / "sweep.ipynb", once + "os._exit(1)", parameters="a = 1")
    swept = project.jobs.sweeps.start(path, {}, {"a": (1, 2)}, options=Options(retries=1))
    ended = project.jobs.sweeps.wait(swept.id, timeout=120)
    done, other = project.jobs.sweeps.jobs(swept.id)
    assert sorted([done.attempt, other.attempt]) in ([1, 2], [2, 2])
    assert project.tracking.run(ended.run_id).status == "FINISHED"
    flag.unlink()
    assert run("raises.ipynb", once + "1/0", retries=3).attempt == 1
    flag.unlink()
    done = run("raises.ipynb", once + "1/0", retries=3, retry_on_error=True)
    assert (done.status, done.attempt) == (JobStatus.SUCCEEDED, 2)


def test_a_job_is_retried_as_it_was_submitted(project, run, tmp_path):
    done = run("edited.ipynb", "1/0", output_dir=tmp_path)
    write_notebook(project.root / "edited.ipynb", "print('edited since')")
    again = project.jobs.retry(done.id)
    (ended,) = project.jobs.wait([again.id], timeout=120)
    assert (ended.retry_of, ended.status) == (done.id, JobStatus.FAILED)
    assert "ZeroDivisionError" in ended.error
    assert ended.output == str(tmp_path / f"edited-{ended.id}.ipynb")
    assert ended.run_id != done.run_id


def test_a_job_that_has_not_ended_is_not_retried(project):
    path = write_notebook(project.root / "long.ipynb", "import time; time.sleep(30)")
    job = project.jobs.submit(path)
    with pytest.raises(Conflict, match=rf"(?s){job.id} is .*labline jobs cancel"):
        project.jobs.retry(job.id)
    project.jobs.cancel(job.id)


def test_the_same_key_is_the_same_job(project):
    path = write_notebook(project.root / "keyed.ipynb", "print(a)", parameters="a = 1")
    first = project.jobs.submit(path, {"a": 2}, Options(key="nightly"))
    assert project.jobs.submit(path, {"a": 2}, Options(key="nightly")).id == first.id
    assert project.jobs.submit(path, {"a": 2}, Options(key="weekly")).id != first.id
    with pytest.raises(Conflict, match=r"'nightly' is that of job .*, with other parameters"):
        project.jobs.submit(path, {"a": 3}, Options(key="nightly"))
    write_notebook(path, "print(a)", "1", parameters="a = 1")
    with pytest.raises(Conflict, match="as it was before it was edited"):
        project.jobs.submit(path, {"a": 2}, Options(key="nightly"))
    (done,) = project.jobs.wait([first.id], timeout=120)
    assert done.status == JobStatus.SUCCEEDED


def test_the_log_is_followed_while_the_job_runs(project):
    cells = ("print('one')", "import time\nfor _ in range(3): print('dot', flush=True)")
    path = write_notebook(project.root / "told.ipynb", *cells, "time.sleep(1); print('end')")
    job = project.jobs.submit(path)
    pieces = list(project.jobs.follow(job.id))
    assert len(pieces) > 1
    assert "".join(pieces) == project.jobs.log(job.id)
