"""The demo's line on a small input, by the command line, as a newcomer would type it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import write_notebook
from tests.ports import free_port

from labline.lab import Lab

PARAMETERS = "alpha: float = 1.0  # penalty\n"
DATA = """
import numpy as np, pandas as pd
rng = np.random.default_rng(3)
X = pd.DataFrame({
    "size": rng.normal(size=80),
    "age": np.where(rng.random(80) < 0.2, np.nan, rng.normal(size=80)),
    "kind": rng.choice(["a", "b", "c"], 80),
    "wild": rng.random(80) < 0.5,
})
y = 3 * X["size"] + (X["kind"] == "a") * 2 + rng.normal(scale=0.1, size=80)
"""
FIT = """
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
features = make_column_transformer(
    (SimpleImputer(), ["size", "age"]),
    (OneHotEncoder(handle_unknown="ignore"), ["kind"]),
    ("passthrough", ["wild"]),
)
model = make_pipeline(features, Ridge(alpha=alpha)).fit(X, y)
r2 = model.score(X, y)
"""
LOG = "%log r2=r2\n%log --model model --data X,y"
POLICY = """
[project]
name = "beasts"

[gateway]
port = {port}

[stages.staging]
gates = ["signature", "metric", "replay"]
metric = {{ name = "r2", min = 0.9, versus_champion = -0.01 }}

[stages.prod]
after = "staging"
gates = ["signature", "metric"]
metric = {{ name = "r2", min = 0.9 }}
"""


@dataclass(frozen=True)
class Project:
    """A project that is worked on by typing commands."""

    folder: Path
    port: int

    @property
    def lab(self) -> Lab:
        """The project in this process: what a command has done is seen without another."""
        return Lab.from_(self.folder)

    def labline(self, *arguments: str, code: int = 0) -> Any:
        """Run a command with ``--json``, see its exit code, and return its answer."""
        done = subprocess.run(
            [sys.executable, "-m", "labline", *arguments, "--json"],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == code, f"{arguments}: {done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("beasts")
    port = free_port()
    (folder / "labline.toml").write_text(POLICY.format(port=port))
    write_notebook(folder / "train.ipynb", DATA, FIT, LOG, parameters=PARAMETERS)
    made = Project(folder, port)
    yield made
    made.labline("down")


@pytest.fixture(scope="module")
def jobs(project: Project) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = project.labline(
        "run", "train.ipynb", "--sweep", "alpha=0.1,1,1000"
    )
    return found


@pytest.fixture(scope="module")
def promoted(project: Project, jobs: list[dict[str, Any]]) -> dict[str, Any]:
    project.labline("up")
    project.labline("promote", "best:r2", "--to", "staging")
    found: dict[str, Any] = project.labline("promote", "beasts@staging", "--to", "prod")
    return found


@pytest.fixture(scope="module")
def deployed(project: Project, promoted: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = project.labline("deploy", "beasts@prod", "--env", "current")
    return found


def test_a_sweep_gives_a_recorded_run_for_each_value(
    project: Project, jobs: list[dict[str, Any]]
) -> None:
    assert [job["parameters"]["alpha"] for job in jobs] == [0.1, 1.0, 1000.0]
    assert {job["status"] for job in jobs} == {"succeeded"}
    shown = project.labline("runs", "show", jobs[0]["run_id"])
    assert shown["params"]["alpha"] == "0.1"
    assert shown["metrics"]["r2"] > 0.9
    cells = shown["recording"]["cells"]
    assert [cell["outcome"] for cell in cells][-3:] == ["ok", "ok", "ok"]
    assert "3 * X" in "".join(cell["source"] for cell in cells)


def test_output_notebook_and_report_are_kept_with_the_run(
    project: Project, jobs: list[dict[str, Any]]
) -> None:
    assert Path(jobs[0]["output"]).is_file()
    assert "<html" in Path(jobs[0]["report"]).read_text()


def test_a_candidate_below_the_minimum_is_refused_and_the_alias_stays(
    project: Project, jobs: list[dict[str, Any]], promoted: dict[str, Any]
) -> None:
    before = project.lab.list_models()
    bad = jobs[2]["run_id"]
    refused = project.labline("promote", bad, "--to", "staging", code=1)
    (verdict,) = [v for v in refused["verdicts"] if v["outcome"] == "failed"]
    assert verdict["gate"] == "metric"
    assert verdict["evidence"]["value"] < verdict["evidence"]["limit"] == 0.9
    assert "Train a candidate with r2 >= 0.9" in verdict["fix"]
    assert refused["promoted"] is False
    assert project.labline("models", "list") == project.lab.list_models() == before


def test_a_dry_run_changes_nothing(
    project: Project, jobs: list[dict[str, Any]], promoted: dict[str, Any]
) -> None:
    models, entries = project.lab.list_models(), project.lab.ledger.entries()
    tried = project.labline("promote", jobs[1]["run_id"], "--to", "staging", "--dry-run")
    assert (tried["passed"], tried["promoted"]) == (True, False)
    assert project.lab.list_models() == models
    assert project.lab.ledger.entries() == entries


def test_prod_wants_staging_first(
    project: Project, jobs: list[dict[str, Any]], promoted: dict[str, Any]
) -> None:
    refused = project.labline("promote", jobs[1]["run_id"], "--to", "prod", code=1)
    assert refused["verdicts"][0]["gate"] == "after"
    assert "does not hold staging" in refused["verdicts"][0]["reason"]


def test_what_is_not_registered_is_bad_input(project: Project, promoted: dict[str, Any]) -> None:
    error = project.labline("promote", "baests", "--to", "staging", code=2)
    assert "No model 'baests' is registered" in error["message"]
    error = project.labline("promote", "best:r3", "--to", "staging", code=2)
    assert "No run of experiment 'beasts' has the metric 'r3'" in error["message"]
    error = project.labline("promote", "beasts", "--to", "stagin", code=2)
    assert error["fix"] == "Did you mean 'staging'?"


def test_a_server_that_is_away_is_exit_code_3(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    for command in (["run", "train.ipynb"], ["promote", "best:r2", "--to", "staging"]):
        error = project.labline(*command, code=3)
        assert "MLflow at http://127.0.0.1:9 does not answer" in error["message"]


def test_a_cell_that_raises_fails_the_job_and_the_output_shows_where(project: Project) -> None:
    write_notebook(project.folder / "bad.ipynb", "print('fine')", "raise ValueError('too wild')")
    (job,) = project.labline("run", "bad.ipynb", code=1)
    assert job["status"] == "failed"
    assert project.labline("jobs", "list")[0]["id"] == job["id"]
    assert "ValueError: too wild" in job["error"]
    assert "too wild" in Path(job["output"]).read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-p", "alhpa", "1"], "Did you mean 'alpha'?"),
        (["-p", "alpha", "strong"], "alpha"),
        (["--sweep", "alpha=0.1,strong"], "strong"),
    ],
)
def test_wrong_parameters_are_bad_input_before_anything_runs(
    project: Project, arguments: list[str], words: str
) -> None:
    before = project.lab.jobs.list()
    error = project.labline("run", "train.ipynb", *arguments, code=2)
    assert words in error["message"] + error["fix"]
    assert project.lab.jobs.list() == before


def test_a_notebook_without_parameters_takes_none(project: Project) -> None:
    write_notebook(project.folder / "plain.ipynb", "1 + 1")
    error = project.labline("run", "plain.ipynb", "-p", "alpha", "1", code=2)
    assert "parameters" in error["message"] + error["fix"]


def test_mlflow_shows_the_same_without_labline(
    project: Project, jobs: list[dict[str, Any]], promoted: dict[str, Any]
) -> None:
    from mlflow import MlflowClient

    database = f"sqlite:///{project.folder}/.labline/mlflow.db"
    client = MlflowClient(database, database)
    run = client.get_run(jobs[0]["run_id"])
    assert run.data.params["alpha"] == "0.1"
    assert run.info.status == "FINISHED"
    assert client.get_model_version_by_alias("beasts", "prod").version == 1


def ask(project: Project, path: str, body: bytes, key: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{project.port}{path}",
        data=body,
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


ROW = {"size": 0.5, "age": None, "kind": "a", "wild": True}


def test_the_service_answers_what_the_model_answers(
    project: Project, deployed: dict[str, Any]
) -> None:
    import pandas as pd
    from mlflow import MlflowClient
    from mlflow.pyfunc import load_model

    status, answer = ask(
        project, "/beasts/predict", json.dumps({"rows": [ROW]}).encode(), deployed["key"]
    )
    assert status == 200
    database = f"sqlite:///{project.folder}/.labline/mlflow.db"
    client = MlflowClient(database, database)
    id = client.get_model_version_by_alias("beasts", "prod").source.removeprefix("models:/")
    folder = next((project.folder / ".labline" / "artifacts").glob(f"**/{id}/artifacts"))
    expected = load_model(str(folder)).predict(pd.DataFrame([ROW]).astype({"age": float}))
    assert answer["predictions"] == list(expected)
    assert answer["model"] == "beasts/1"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"rows": [{**ROW, "size": "big"}]}, "size"),
        ({"rows": [{k: v for k, v in ROW.items() if k != "kind"}]}, "kind"),
        ({"rows": [{**ROW, "colour": "red"}]}, "colour"),
        ({"rows": [{**ROW, "kind": None}]}, "kind"),
    ],
)
def test_a_bad_request_gets_a_clean_answer_that_names_the_field(
    project: Project, deployed: dict[str, Any], body: dict[str, Any], field: str
) -> None:
    status, problem = ask(project, "/beasts/predict", json.dumps(body).encode(), deployed["key"])
    assert 400 <= status < 500
    assert field in json.dumps(problem)


def test_without_a_key_nothing_is_answered(project: Project, deployed: dict[str, Any]) -> None:
    status, _ = ask(project, "/beasts/predict", b"{}", "wrong")
    assert status == 401


def register_a_model_that_does_not_load(project: Project) -> str:
    """Register what MLflow takes and no service can load; return ``NAME/VERSION``."""
    import mlflow
    import pandas as pd

    from labline.lab import Lab
    from labline.tracking import models

    class Broken(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
        def load_context(self, context: Any) -> None:
            raise RuntimeError("the weights are not here")

        # MLflow would take type hints for a signature.
        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
            return model_input["size"]

    tracking = Lab.from_(project.folder).tracking
    run = tracking.create_run("beasts")
    folder = project.folder / "broken" / "model"
    models.save(Broken(), folder, example=pd.DataFrame({"size": [1.0]}), requirements=["pandas"])
    tracking.attach_model(run.id, folder)
    tracking.end_run(run.id)
    return tracking.registry.register("beasts", run.id).label


def test_a_release_that_does_not_boot_leaves_the_old_one_serving(
    project: Project, deployed: dict[str, Any]
) -> None:
    broken = register_a_model_that_does_not_load(project)
    error = project.labline("deploy", broken, "--endpoint", "beasts", "--env", "current", code=1)
    assert "the weights are not here" in error["message"]
    body = json.dumps({"rows": [ROW]}).encode()
    assert ask(project, "/beasts/predict", body, deployed["key"])[1]["model"] == "beasts/1"
    (endpoint,) = project.labline("endpoints")
    assert (endpoint["serving"], endpoint["state"]) == ("beasts/1", "ready")


def test_rollback_brings_back_the_release_before(
    project: Project, jobs: list[dict[str, Any]], deployed: dict[str, Any]
) -> None:
    project.labline("promote", jobs[1]["run_id"], "--to", "staging")
    project.labline("promote", "beasts@staging", "--to", "prod")
    second = project.labline("deploy", "beasts@prod", "--env", "current")
    newer = second["release"]["model"]
    assert (newer != "beasts/1", second["key"]) == (True, None)
    body = json.dumps({"rows": [ROW]}).encode()
    assert ask(project, "/beasts/predict", body, deployed["key"])[1]["model"] == newer
    project.labline("rollback", "beasts")
    assert ask(project, "/beasts/predict", body, deployed["key"])[1]["model"] == "beasts/1"
    (endpoint,) = project.labline("endpoints")
    assert (endpoint["model"], endpoint["serving"]) == ("beasts/1", "beasts/1")


def test_the_ledger_tells_the_story_and_verifies(
    project: Project, deployed: dict[str, Any]
) -> None:
    actions = [entry["action"] for entry in project.labline("ledger", "log")][::-1]
    assert actions[:2] == ["promoted", "promoted"]
    assert {"refused", "deployed"} <= set(actions)
    assert project.labline("ledger", "verify")["verified"] is True


def test_a_second_up_changes_nothing(project: Project, deployed: dict[str, Any]) -> None:
    first = project.labline("up")
    assert project.labline("up")["pid"] == first["pid"]
    assert project.labline("status")["platform"]["running"] is True
