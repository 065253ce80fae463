"""Jobs with the real queue, real kernels and a real MLflow."""

import json
import time
from pathlib import Path

import nbformat
import pytest
from tests.conftest import write_notebook
from tests.jobs import kernels, open_project, shown

from labline.errors import BadNotebook, BadParameter, CellFailed, NotFound
from labline.jobs.options import Options
from labline.records import Job, JobStatus

PARAMETERS = "alpha: float = 0.5  # penalty\nname = 'x'"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("LABLINE_DATABASE_URL", raising=False)
        made = open_project(tmp_path_factory.mktemp("beasts"))
    with made.workflows.executor():
        yield made
    made.workflows.close()


@pytest.fixture
def run(project):
    """Write a notebook, run it as a job and wait."""

    def run(name: str, *cells: str, values=None, parameters=PARAMETERS, **options) -> Job:
        path = write_notebook(project.root / name, *cells, parameters=parameters)
        job = project.jobs.submit(path, values or {}, Options(**options))
        return project.jobs.wait([job.id], timeout=120)[0]

    return run


def test_a_notebook_runs_with_its_values_and_is_a_finished_run(project, run):
    progress: list[tuple[int, int]] = []
    path = write_notebook(
        project.root / "deep" / "train.ipynb",
        "import os\nprint(alpha, os.getcwd(), os.environ['LABLINE_RUN_ID'])",
        parameters=PARAMETERS,
    )
    job = project.jobs.submit(path, {"alpha": 2}, Options(tags={"team": "birds"}))
    assert (job.status, job.notebook) == (JobStatus.QUEUED, "deep/train.ipynb")
    (done,) = project.jobs.wait(
        [job.id], on_progress=lambda jobs: progress.append(jobs[0].progress), timeout=60
    )
    assert (done.status, done.progress, done.error) == (JobStatus.SUCCEEDED, (3, 3), "")
    assert progress[-1] == (3, 3)
    assert shown(done.output).split() == ["2.0", str(path.parent), done.run_id]
    recorded = project.tracking.run(done.run_id)
    named = (recorded.status, recorded.experiment, recorded.name)
    assert named == ("FINISHED", project.settings.project.name, "train")
    view = project.jobs.view(done.id).to_dict()
    assert [(cell["name"], cell["state"]) for cell in view["cells"]] == [
        ("parameters", "done"),
        ("injected parameters", "done"),
        ("import os", "done"),
    ]
    assert view["log"]["text"].startswith("[cell 3] import os\n2.0 ")
    assert (view["log"]["ended"], view["failure"], len(view["attempts"])) == (True, None, 1)
    assert project.jobs.read_log(done.id, view["log"]["offset"]).ended
    assert recorded.params == {"alpha": "2.0", "name": "x"}
    assert recorded.tags["labline.kind"] == "job"
    assert recorded.tags["labline.job"] == job.id
    assert recorded.tags["team"] == "birds"
    kept = project.tracking.artifacts(done.run_id, "labline")
    assert {"labline/notebook.ipynb", "labline/output.ipynb", "labline/report.html"} <= set(kept)
    assert "LABLINE_RUN_ID" in Path(done.report).read_text()


def test_a_cell_that_raises_fails_job_and_run_and_says_where(project, run):
    done = run("fails.ipynb", "print('before')", "raise ValueError('no good')", "print('never')")
    assert (done.status, done.progress) == (JobStatus.FAILED, (2, 4))
    assert done.error == (f"Cell 3 raised ValueError: no good\nSee cell 3 of {done.output}.")
    assert (done.failure.kind, done.failure.cell) == ("ValueError", 3)
    assert [cell.state for cell in project.jobs.view(done.id).cells][2:] == ["failed", "waiting"]
    assert project.tracking.run(done.run_id).status == "FAILED"
    book = nbformat.read(done.output, as_version=4)
    assert book.cells[2].outputs[-1].ename == "ValueError"
    assert [cell.metadata.papermill.status for cell in book.cells] == [
        "completed",
        "completed",
        "failed",
        "pending",
    ]
    error = project.workflows.state(done.id).error
    assert isinstance(error, CellFailed)
    assert error.details["run_id"] == done.run_id


def test_what_cannot_run_is_refused_before_anything_is_queued(project):
    path = write_notebook(project.root / "refused.ipynb", "1", parameters=PARAMETERS)
    before = len(project.jobs.list())
    with pytest.raises(BadParameter, match="Did you mean 'alpha'"):
        project.jobs.submit(path, {"alhpa": 1})
    with pytest.raises(BadParameter, match="'alpha' is float"):
        project.jobs.sweeps.start(path, {}, {"alpha": (1.0, "x")})
    with pytest.raises(NotFound, match=r"absent\.ipynb"):
        project.jobs.submit(project.root / "absent.ipynb")
    book = nbformat.read(path, as_version=4)
    book.metadata.kernelspec = {"name": "nowhere", "display_name": "?", "language": "python"}
    nbformat.write(book, path)
    with pytest.raises(BadNotebook, match=r"(?s)kernel 'nowhere'.*not installed"):
        project.jobs.submit(path)
    assert len(project.jobs.list()) == before


def test_the_notebook_runs_as_it_was_at_submit(project):
    path = write_notebook(project.root / "edited.ipynb", "print('first')")
    job = project.jobs.submit(path)
    write_notebook(path, "print('second')")
    (done,) = project.jobs.wait([job.id], timeout=120)
    assert shown(done.output) == "first\n"


def test_local_modules_are_those_of_submit(project):
    folder = project.root / "modules"
    path = write_notebook(folder / "nb.ipynb", "import steps; print(steps.word(), steps.__file__)")
    (folder / "steps.py").write_text("import words\ndef word(): return words.WORD")
    (folder / "words.py").write_text("WORD = 'then'")
    job = project.jobs.submit(path)
    (folder / "words.py").write_text("WORD = 'now'")
    (folder / "steps.py").unlink()
    (done,) = project.jobs.wait([job.id], timeout=120)
    assert (done.status, done.error) == (JobStatus.SUCCEEDED, "")
    assert shown(done.output).split() == [
        "then",
        str(Path(done.output).parent / "modules/steps.py"),
    ]
    (ended,) = project.jobs.wait([project.jobs.retry(done.id).id], timeout=120)
    assert shown(ended.output).split()[0] == "then"


def test_a_secret_is_passed_by_reference_and_shown_nowhere(project, run, monkeypatch, tmp_path):
    monkeypatch.setenv("BEAST_TOKEN", "s3cr3t-value")
    done = run(
        "secret.ipynb",
        "assert name.startswith('s3cr3t')\nprint('is', name)\nname",
        "raise ValueError(name)",
        values={"name": "env:BEAST_TOKEN"},
    )
    assert done.error.startswith("Cell 4 raised ValueError: env:BEAST_TOKEN")
    recorded = project.tracking.run(done.run_id)
    assert recorded.params["name"] == "env:BEAST_TOKEN"
    kept = project.tracking.download(done.run_id, "", tmp_path)
    places = [project.settings.folder("jobs") / done.id, kept]
    files = [file for place in places for file in place.rglob("*") if file.is_file()]
    assert len(files) >= 6
    assert not [file for file in files if b"s3cr3t-value" in file.read_bytes()]


def test_a_missing_secret_is_told_before_anything_runs(project, run):
    done = run("unset.ipynb", "1", values={"name": "env:BEAST_UNSET"})
    assert done.status == JobStatus.FAILED
    assert "'name' refers to env:BEAST_UNSET, which is not set" in done.error
    assert (done.run_id, done.output) == (None, None)


def test_a_running_job_that_is_cancelled_stops_at_once_and_keeps_its_output(project):
    path = write_notebook(
        project.root / "long.ipynb", "print('so far')", "import time; time.sleep(60)"
    )
    job = project.jobs.submit(path)
    while project.jobs.get(job.id).progress[0] < 1:
        time.sleep(0.05)
    project.jobs.cancel(job.id)
    asked = time.monotonic()
    done = project.jobs.get(job.id)
    assert done.status == JobStatus.CANCELLED
    assert project.tracking.run(done.run_id).status == "KILLED"
    # What it was at may be in it by now, too.
    assert project.jobs.log(job.id).startswith("[cell 1] print('so far')\nso far\n")
    while kernels(path) or not shown(done.output):
        assert time.monotonic() - asked < 40
        time.sleep(0.05)
    assert shown(done.output) == "so far\n"


def test_a_kernel_that_dies_is_a_failed_cell(project, run):
    done = run("dies.ipynb", "import os; os._exit(3)")
    assert done.status == JobStatus.FAILED
    assert "Cell 2 ended with its kernel: the kernel ended itself with exit code 3" in done.error
    assert project.tracking.run(done.run_id).status == "FAILED"


def test_a_notebook_may_end_itself_early_and_well(run):
    done = run("early.ipynb", "import sys; sys.exit(0)", "raise ValueError", parameters=None)
    assert (done.status, done.progress) == (JobStatus.SUCCEEDED, (0, 2))


def test_an_error_that_a_cell_is_tagged_to_raise_is_none(project):
    path = write_notebook(project.root / "expected.ipynb", "1 / 0", "print('on')")
    book = nbformat.read(path, as_version=4)
    book.cells[0].metadata.tags = ["raises-exception"]
    nbformat.write(book, path)
    (done,) = project.jobs.wait([project.jobs.submit(path).id], timeout=120)
    assert (done.status, shown(done.output)) == (JobStatus.SUCCEEDED, "on\n")


def test_outputs_go_where_they_are_asked_to(project, run, tmp_path):
    done = run("train.ipynb", "print(1)", output_dir=tmp_path / "out")
    assert done.output == str(tmp_path / "out" / "train.ipynb")
    assert done.report == str(tmp_path / "out" / "train.html")


def test_jobs_are_found_by_the_beginning_of_their_id(project, run):
    done = run("found.ipynb", "1")
    assert project.jobs.get(done.id[:8]).id == done.id
    with pytest.raises(NotFound, match="no job 'zzz'"):
        project.jobs.get("zzz")
    with pytest.raises(NotFound, match="no job ''"):
        project.jobs.get("")
    assert project.jobs.list(limit=1)[0] == done
    assert done.id not in {job.id for job in project.jobs.list(offset=1, limit=1000)}


def test_a_run_is_replayed_with_its_values_in_a_fresh_kernel(project, run):
    done = run("again.ipynb", "print(alpha)", values={"alpha": 3.0})
    write_notebook(project.root / "again.ipynb", "raise ValueError('edited since')")
    replayed = project.jobs.replay(project.tracking.run(done.run_id))
    assert replayed.id != done.run_id
    assert (replayed.status, replayed.params["alpha"]) == ("FINISHED", "3.0")
    assert replayed.tags["labline.kind"] == "replay"
    assert replayed.tags["labline.replay_of"] == done.run_id
    output = project.tracking.read_json(replayed.id, "labline/output.ipynb")
    assert "3.0" in json.dumps(output["cells"][-1]["outputs"])


def test_a_replay_that_fails_says_so(project, run):
    done = run("flaky.ipynb", "open('there').read()")
    assert done.status == JobStatus.FAILED
    with pytest.raises(CellFailed, match="FileNotFoundError") as caught:
        project.jobs.replay(done.run_id)
    assert project.tracking.run(caught.value.details["run_id"]).status == "FAILED"


def test_a_run_without_a_notebook_cannot_be_replayed(project):
    bare = project.tracking.create_run("beasts", "bare")
    project.tracking.end_run(bare.id)
    with pytest.raises(NotFound, match="no recorded notebook"):
        project.jobs.replay(bare)
