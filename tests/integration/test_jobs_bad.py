"""Notebooks, kernels and values that are bad in every way: a clear answer, and nothing breaks."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tests.conftest import write_notebook
from tests.jobs import Project, kernels, open_project, shown, until

from labline.errors import BadNotebook
from labline.jobs.options import Options
from labline.records import Job, JobStatus

#: what is interrupted has the time to say so, also on a machine that is busy
POLICY = "[jobs]\ngrace = '60s'\n"


@pytest.fixture(scope="module")
def specs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of kernelspecs: of another language, without its program, that ends."""
    folder = tmp_path_factory.mktemp("specs")
    for name, language, argv in (
        ("r-like", "R", [sys.executable, "-c", "", "{connection_file}"]),
        ("no-program", "python", ["/nowhere/python", "-f", "{connection_file}"]),
        ("ends", "python", [sys.executable, "-c", "import sys; sys.exit(7)", "{connection_file}"]),
    ):
        place = folder / "kernels" / name
        place.mkdir(parents=True)
        made = {"argv": argv, "display_name": name, "language": language}
        (place / "kernel.json").write_text(json.dumps(made))
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, specs: Path) -> Iterator[Project]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        patch.delenv("LABLINE_DATABASE_URL", raising=False)
        patch.setenv("JUPYTER_PATH", str(specs))
        made = open_project(tmp_path_factory.mktemp("bad"), POLICY)
        with made.workflows.executor():
            yield made
        made.close()


@pytest.fixture
def run(project: Project) -> Callable[..., Job]:
    def run(path: Path, values: dict[str, Any] | None = None, **options: Any) -> Job:
        job = project.jobs.submit(path, values or {}, Options(**options))
        (done,) = project.jobs.wait([job.id], timeout=120)
        return done

    return run


def with_kernel(path: Path, name: str) -> Path:
    write_notebook(path, "print(1)")
    book = nbformat.read(path, as_version=4)
    book.metadata = nbformat.from_dict({"kernelspec": {"name": name, "display_name": name}})
    nbformat.write(book, path)
    return path


def test_a_syntax_error_fails_the_cell_that_has_it(
    project: Project, run: Callable[..., Job]
) -> None:
    done = run(write_notebook(project.root / "syntax.ipynb", "print('ran')", "def broken(:"))
    assert done.error.startswith("Cell 2 raised SyntaxError: invalid syntax")
    assert shown(done.output) == "ran\n"


def test_a_syntax_error_in_the_parameters_is_told_before_anything_is_queued(
    project: Project,
) -> None:
    path = write_notebook(project.root / "syntax-p.ipynb", "1", parameters="alpha = = 1")
    before = project.jobs.count(1000)
    with pytest.raises(BadNotebook, match=r"(?s)line 1.*alpha = = 1"):
        project.jobs.submit(path, {"alpha": 1})
    assert project.jobs.count(1000) == before


def test_a_kernel_of_another_language_is_refused_before_anything_is_queued(
    project: Project,
) -> None:
    path = with_kernel(project.root / "r.ipynb", "r-like")
    with pytest.raises(BadNotebook, match=r"r\.ipynb.* kernel 'r-like'.*is for R"):
        project.jobs.submit(path)


def test_a_kernel_whose_program_is_gone_is_told(project: Project, run: Callable[..., Job]) -> None:
    done = run(with_kernel(project.root / "gone.ipynb", "no-program"))
    assert done.status is JobStatus.FAILED
    assert "The kernel 'no-program' does not start: " in done.error
    assert "/nowhere/python" in done.error
    assert project.tracking.run(str(done.run_id)).status == "FAILED"


def test_a_kernel_that_ends_as_it_starts_is_a_lost_kernel(
    project: Project, run: Callable[..., Job]
) -> None:
    done = run(with_kernel(project.root / "ends.ipynb", "ends"), retries=1)
    assert (done.status, done.attempt) == (JobStatus.FAILED, 2)
    assert done.error.startswith("Before the first cell, the kernel ")
    assert done.failure
    assert (done.failure.kind, done.failure.cell) == ("DeadKernel", None)


SLY = [
    "__import__('os').system('touch pwned')",
    "'; open('pwned', 'w'); '",
    '"""\nopen("pwned", "w")\n"""',
    "\nopen('pwned', 'w')\n",
    "!touch pwned",
    "%run pwned.py",
    "{open('pwned', 'w')}",
    "\\",
    "\\'\nopen('pwned', 'w') #",
    "# parameters",
    "a=b",
    "naïve ☃ \u2028 \x00 \x1b[31m",
    "env:",
    "None",
]


def test_a_value_that_looks_like_code_stays_a_value(
    project: Project, run: Callable[..., Job]
) -> None:
    cells = ("import json\nprint(json.dumps([text, many]))",)
    parameters = "text: str = ''\nmany: list = []"
    path = write_notebook(project.root / "sly.ipynb", *cells, parameters=parameters)
    for text in ("\\'\nopen('pwned', 'w') #", "__import__('os').system('touch pwned')"):
        many = [*SLY, dict.fromkeys(SLY, text)]
        done = run(path, {"text": text, "many": many})
        assert done.status is JobStatus.SUCCEEDED, done.error
        assert json.loads(shown(done.output)) == [text, many]
    assert not (project.root / "pwned").exists()


@pytest.mark.parametrize("cell", ["while True: pass", "while True: print('x' * 1000)"])
def test_a_loop_without_end_is_killed_in_time_and_ends_when_it_is_cancelled(
    project: Project, run: Callable[..., Job], cell: str
) -> None:
    path = write_notebook(project.root / "loop.ipynb", "print('ran')", cell)
    # The kernel's start is in it.
    done = run(path, timeout=8.0)
    assert done.error.startswith("Cell 2 was killed: over 8 s for all cells")
    assert shown(done.output).startswith("ran\n")
    job = project.jobs.submit(path)
    until(lambda: project.jobs.get(job.id).progress[0] == 1, seconds=60)
    project.jobs.cancel(job.id)
    until(lambda: not kernels(path), seconds=50)
    until(lambda: "KeyboardInterrupt" in Path(str(done_output(project, job))).read_text())


def done_output(project: Project, job: Job) -> str | None:
    return project.jobs.get(job.id).output


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_disk_that_is_full_fails_the_job_and_says_what_could_not_be_written(
    project: Project, run: Callable[..., Job], tmp_path: Path
) -> None:
    # The name that the output notebook is written under until it is whole.
    draft = tmp_path / f".full.ipynb.{os.getpid()}.tmp"
    # A disk fills up some time after what was written before.
    shown_so_far = f"'ran\\\\n' in open({str(tmp_path / 'full.ipynb')!r}).read()"
    fill = (
        f"import os, time\nwhile not {shown_so_far}: time.sleep(0.05)\n"
        f"time.sleep(1)\nos.symlink('/dev/full', {str(draft)!r})"
    )
    path = write_notebook(project.root / "full.ipynb", "print('ran')", fill, "print('never')")
    done = run(path, output_dir=tmp_path)
    assert done.status is JobStatus.FAILED
    assert done.error.startswith(f"{tmp_path}/full.ipynb cannot be written: No space left")
    assert shown(done.output) == "ran\n"
    assert project.tracking.run(str(done.run_id)).status == "FAILED"
    assert not kernels(path)
    write = "with open('/dev/full', 'w') as full:\n    full.write('x')"
    done = run(write_notebook(project.root / "full.ipynb", write))
    assert "Cell 1 raised OSError: [Errno 28] No space left on device" in done.error
