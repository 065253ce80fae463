"""Files that go into jobs, and files that jobs leave."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import write_notebook
from tests.jobs import Project, open_project, shown

from labline.errors import BadInput, BadNotebook, Conflict
from labline.jobs.options import Options
from labline.jobs.schedules import Rule
from labline.records import Job, JobStatus

POLICY = "[jobs]\nartifacts = '1MB'\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("LABLINE_DATABASE_URL", raising=False)
        made = open_project(tmp_path_factory.mktemp("files"), POLICY)
    with made.workflows.executor():
        yield made
    made.close()


@pytest.fixture
def submit(project: Project) -> Callable[..., Job]:
    def submit(name: str, *cells: str, **options: Any) -> Job:
        path = write_notebook(project.root / name / "nb.ipynb", *cells)
        return project.jobs.submit(path, {}, Options(**options))

    return submit


def ended(project: Project, job: Job) -> Job:
    (done,) = project.jobs.wait([job.id], timeout=120)
    return done


def test_inputs_are_those_of_submit_and_what_the_job_leaves_is_kept_with_its_run(
    project: Project, submit: Callable[..., Job], tmp_path: Path
) -> None:
    folder = project.root / "own"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "rows.csv").write_text("as at submit")
    (tmp_path / "other.txt").write_text("from elsewhere")
    job = submit(
        "own",
        "print(open('data/rows.csv').read(), '|', open('other.txt').read())",
        "import os\nos.makedirs('deep')\nopen('deep/out.csv', 'w').write('12345')",
        "open('other.txt', 'a').write('!')\nopen('big.bin', 'wb').write(bytes(2_000_000))",
        inputs=[folder / "data", tmp_path / "other.txt"],
        output_dir=tmp_path / "out",
    )
    (folder / "data" / "rows.csv").write_text("edited later")
    done = ended(project, job)
    assert done.status is JobStatus.SUCCEEDED, done.error
    assert shown(done.output).startswith("as at submit | from elsewhere")
    assert [(one.path, one.size) for one in done.artifacts] == [
        ("deep/out.csv", 5),
        ("other.txt", 15),
    ]
    assert project.tracking.read_bytes(done.run_id, "files/deep/out.csv") == b"12345"
    assert (tmp_path / "out" / "nb" / "deep" / "out.csv").read_text() == "12345"
    assert "big.bin (1.9 MiB) was not kept: over 976.6 KiB in all" in project.jobs.log(done.id)
    assert (tmp_path / "other.txt").read_text() == "from elsewhere"
    assert not (folder / "deep").exists()
    again = ended(project, project.jobs.retry(done.id))
    assert again.artifacts == done.artifacts


def test_beside_the_notebook_only_what_is_asked_for_and_new_is_kept(
    project: Project, submit: Callable[..., Job]
) -> None:
    (project.root / "beside").mkdir()
    (project.root / "beside" / "old.csv").write_text("as it was")
    cells = ("[open(f'{name}', 'w').write('1') for name in ('new.csv', 'new.txt')]", "1/0")
    done = ended(project, submit("beside", *cells, keep=["*.csv"]))
    assert done.status is JobStatus.FAILED
    assert [one.path for one in done.artifacts] == ["new.csv"]
    assert project.tracking.read_bytes(done.run_id, "files/new.csv") == b"1"
    assert ended(project, submit("beside", *cells)).artifacts == ()


def test_a_script_that_is_run_is_that_of_submit(
    project: Project, submit: Callable[..., Job]
) -> None:
    folder = project.root / "script"
    (folder / "deep").mkdir(parents=True)
    helper = folder / "deep" / "helper.py"
    helper.write_text("import sys\nword = 'as at submit ' + sys.argv[1]")
    job = submit("script", "name = 'well'\n%run deep/helper.py $name\nprint(word)")
    helper.write_text("word = 'edited later'")
    done = ended(project, job)
    assert done.status is JobStatus.SUCCEEDED, done.error
    assert shown(done.output) == "as at submit well\n"


def test_a_schedule_of_a_snapshot_has_its_inputs_as_they_were(project: Project) -> None:
    path = write_notebook(project.root / "clock" / "nb.ipynb", "print(open('x.csv').read())")
    (path.parent / "x.csv").write_text("then")
    options = Options(inputs=[path.parent / "x.csv"])
    for runs in ("snapshot", "latest"):
        project.jobs.schedules.add(path, {}, Rule("0 6 * * *", runs, name=runs), options)
    (path.parent / "x.csv").write_text("now")
    for name, words in (("snapshot", "then\n"), ("latest", "now\n")):
        id = project.jobs.schedules.trigger(name)
        assert shown(ended(project, project.jobs.get(id)).output) == words


def test_inputs_that_cannot_be_laid_out_are_refused_before_anything_is_queued(
    project: Project, submit: Callable[..., Job], tmp_path: Path
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.csv").write_text(name)
    count = project.jobs.count(1000)
    with pytest.raises(BadInput, match=r"There is no input file .*gone\.csv"):
        submit("bad", "1", inputs=[tmp_path / "gone.csv"])
    with pytest.raises(BadInput, match=r"Two inputs would be called 'x\.csv'"):
        submit("bad", "1", inputs=[tmp_path / "a" / "x.csv", tmp_path / "b" / "x.csv"])
    with pytest.raises(BadInput, match=r"'\.\./\*' is no pattern"):
        submit("bad", "1", keep=["../*"])
    assert project.jobs.count(1000) == count


def test_the_same_key_with_other_inputs_is_another_job(project: Project, tmp_path: Path) -> None:
    path = write_notebook(project.root / "key" / "nb.ipynb", "1")
    options = Options(inputs=[tmp_path / "x.csv"], key="k")
    (tmp_path / "x.csv").write_text("1")
    first = project.jobs.submit(path, {}, options)
    assert project.jobs.submit(path, {}, options).id == first.id
    (tmp_path / "x.csv").write_text("2")
    with pytest.raises(Conflict, match="with other inputs"):
        project.jobs.submit(path, {}, options)
    ended(project, first)


def test_a_pinned_input_that_was_damaged_is_told(
    project: Project, submit: Callable[..., Job], tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text("whole")
    good = ended(project, submit("damaged", "1", inputs=[tmp_path / "x.csv"]))
    digest = good.options["inputs"]["x.csv"]
    (project.settings.folder("jobs") / "files" / digest).write_text("half")
    done = ended(project, project.jobs.retry(good.id))
    assert done.failure
    assert (done.failure.kind, json.loads(json.dumps(done.failure.message))) == (
        BadNotebook.__name__,
        "The snapshot of x.csv is gone or was changed after submit.",
    )
