"""Plain papermill with the engine ``labline``: no worker, no queue, no daemon."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from tests.conftest import write_notebook

from labline.errors import BadParameter
from labline.settings import Settings
from labline.tracking import Tracking

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Settings:
    root = tmp_path_factory.mktemp("headless")
    (root / "labline.toml").write_text("[project]\nname = 'headless'\n")
    write_notebook(
        root / "nb" / "train.ipynb",
        "import os\nprint(alpha, type(alpha).__name__, name, os.getcwd())",
        "1 / alpha",
        parameters="alpha: float = 0.5\nname = 'x'",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        return Settings.load(root)


@pytest.fixture
def papermill(project):
    def papermill(*arguments: str, code: int = 0, **environment: str):
        command = [sys.executable, "-m", "papermill", "nb/train.ipynb", "out.ipynb"]
        done = subprocess.run(
            [*command, "--engine", "labline", "--no-progress-bar", *arguments],
            cwd=project.root,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, done.stderr
        return done.stderr

    return papermill


def runs(project):
    return Tracking(project.mlflow_uri, project.state / "artifacts").runs("headless")


def test_a_run_is_recorded_with_nothing_else_there(project, papermill):
    papermill("-p", "alpha", "2", "-p", "name", "env:HEADLESS_NAME", HEADLESS_NAME="s3cret-name")
    book = nbformat.read(project.root / "out.ipynb", as_version=4)
    assert book.cells[2].outputs[0].text == f"2.0 float env:HEADLESS_NAME {project.root}\n"
    assert "s3cret-name" not in (project.root / "out.ipynb").read_text()
    run = runs(project)[0]
    assert (run.status, run.name) == ("FINISHED", "train")
    assert run.params == {"alpha": "2.0", "name": "env:HEADLESS_NAME"}
    assert run.tags["labline.notebook"] == "nb/train.ipynb"
    assert not (project.state / "labline.db").exists()


def test_a_bare_folder_is_enough_and_nothing_stays_running(tmp_path, leaves_nothing_running):
    write_notebook(tmp_path / "nb" / "train.ipynb", "score = alpha", "%log score=score",
                   parameters="alpha = 0.5")  # fmt: skip
    home = tmp_path / "home"
    home.mkdir()
    command = [sys.executable, "-m", "papermill", "nb/train.ipynb", "out.ipynb", "-p", "alpha", "2"]
    done = subprocess.run(
        [*command, "--engine", "labline", "--no-progress-bar"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    settings = Settings.load(tmp_path).model_copy(update={"tracking_uri": None})
    (run,) = Tracking(settings.mlflow_uri, settings.state / "artifacts").runs()
    assert (run.status, run.metrics) == ("FINISHED", {"score": 2.0})
    assert run.tags["labline.notebook"] == "nb/train.ipynb"
    assert f"Run:             {run.id}" in done.stderr
    assert f"mlflow ui --backend-store-uri {settings.mlflow_uri}" in done.stderr
    assert not (settings.state / "labline.db").exists()


@pytest.mark.proof
def test_the_example_runs_in_a_bare_folder_and_leaves_a_model(tmp_path, leaves_nothing_running):
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "notebooks").mkdir()
    shutil.copy(NOTEBOOKS / "train.ipynb", tmp_path / "notebooks")
    command = [str(Path(sys.executable).with_name("papermill")), "notebooks/train.ipynb"]
    done = subprocess.run(
        [*command, "out.ipynb", "--engine", "labline", "-p", "alpha", "0.5", "-p", "seed", "11"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    book = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert "alpha = 0.5" in "".join(cell.source for cell in book.cells)
    settings = Settings.load(tmp_path).model_copy(update={"tracking_uri": None})
    tracking = Tracking(settings.mlflow_uri, settings.state / "artifacts")
    (run,) = tracking.runs()
    assert run.status == "FINISHED"
    assert {"alpha": "0.5", "seed": "11"}.items() <= run.params.items()
    assert run.metrics["r2"] > 0.7
    assert not (settings.state / "labline.db").exists()


def test_a_cell_that_raises_fails_the_run_and_papermill_says_so(project, papermill):
    said = papermill("-p", "alpha", "0", code=1)
    assert "ZeroDivisionError" in said
    assert runs(project)[0].status == "FAILED"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"alhpa": 1}, "Did you mean 'alpha'"),
        ({"alpha": "high"}, "'alpha' is float; 'high' is str"),
        ({"name": "env:HEADLESS_UNSET"}, "env:HEADLESS_UNSET, which is not set"),
    ],
)
def test_a_wrong_parameter_is_refused_before_anything_runs(project, given, told):
    import papermill

    before = len(runs(project))
    with pytest.raises(BadParameter, match=told):
        papermill.execute_notebook(
            project.root / "nb" / "train.ipynb",
            project.root / "refused.ipynb",
            given,
            engine_name="labline",
            progress_bar=False,
        )
    assert len(runs(project)) == before
