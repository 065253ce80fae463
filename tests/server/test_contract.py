"""The OpenAPI document is valid, and what the server answers is what it says."""

import asyncio
import json

import pandas as pd
import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from tests.conftest import write_notebook

from labline.jobs.sweeps import Wanted
from labline.lab import Lab
from labline.lab.delivery import Delivery
from labline.server.openapi import document
from labline.server.routes import ROUTES
from labline.tracking import models


@pytest.fixture
def jp_server_config():
    return {"ServerApp": {"jpserver_extensions": {"labline": True}}}


@pytest.fixture
def project(jp_root_dir):
    (jp_root_dir / "labline.toml").write_text('[project]\nname = "churn"\n[stages.staging]\n')
    return jp_root_dir


@pytest.fixture
def ask(jp_fetch):
    """Ask a path of the API and hold the answer against the document."""
    described = document()

    async def ask(route, *, method="GET", path=None, body=None, **params):
        sent = {"body": json.dumps(body or {})} if method == "POST" else {}
        answer = await jp_fetch(
            "labline/api", (path or route), params=params, method=method, raise_error=False, **sent
        )
        found = json.loads(answer.body)
        schema = described["paths"][f"/{route}"][method.lower()]["responses"][str(answer.code)]
        schema = schema["content"]["application/json"]["schema"]
        Draft202012Validator({**schema, "components": described["components"]}).validate(found)
        return answer.code, found

    return ask


def test_the_document_is_valid_and_has_every_route():
    made = document()
    validate(made)
    assert {(path, method) for path, verbs in made["paths"].items() for method in verbs} == {
        (f"/{route.path}", route.method.lower()) for route in ROUTES
    }


async def test_the_document_is_served(jp_fetch, project):
    answer = await jp_fetch("labline/api/openapi.json")
    assert json.loads(answer.body) == json.loads(json.dumps(document()))


@pytest.mark.parametrize("route", [
    "status", "version", "platform", "runs", "jobs", "sweeps", "schedules", "models", "promotions",
    "endpoints", "deployments", "policy",
])  # fmt: skip
async def test_what_is_empty_is_answered_as_described(route, ask, project):
    assert (await ask(route))[0] == 200


@pytest.mark.parametrize(("route", "path"), [
    ("runs/{id}", "runs/nothing"), ("jobs/{id}", "jobs/nothing"),
    ("sweeps/{id}", "sweeps/nothing"),
    ("models/{name}", "models/nothing"), ("promotions/{id}", "promotions/nothing"),
    ("endpoints/{name}", "endpoints/nothing"),
    ("endpoints/{name}/comparison", "endpoints/nothing/comparison"),
    ("endpoints/{name}/metrics", "endpoints/nothing/metrics"),
    ("endpoints/{name}/monitor", "endpoints/nothing/monitor"),
    ("endpoints/{name}/looks", "endpoints/nothing/looks"),
    ("endpoints/{name}/drift", "endpoints/nothing/drift"),
    ("endpoints/{name}/labels", "endpoints/nothing/labels"),
    ("deployments/{id}", "deployments/nothing"),
])  # fmt: skip
async def test_what_is_not_there_is_not_found(route, path, ask, project):
    code, answer = await ask(route, path=path)
    assert code == 404
    assert "nothing" in answer["message"]


async def test_a_run_is_told_closely_and_beside_another(ask, project):
    tracking = Lab.from_(project).tracking
    runs = [tracking.create_run("churn", f"run {n}", started=1000.0 + n) for n in range(2)]
    for n, run in enumerate(runs):
        tracking.log_metrics(run.id, {"auc": 0.5 + n / 4})
        tracking.end_run(run.id)
    first, second = (run.id for run in runs)
    assert (await ask("runs/{id}", path=f"runs/{first}"))[1]["run"]["metrics"] == {"auc": 0.5}
    curves = (await ask("runs/{id}/metrics", path=f"runs/{first}/metrics"))[1]
    assert [point["value"] for point in curves["auc"]] == [0.5]
    found = (await ask("runs/compare", ids=f"{first},{second}"))[1]
    assert found["rows"][0]["values"] == ["0.5", "0.75"]


class AtOnce:
    """A flow whose steps are run here and now."""

    def __init__(self, id):
        self.id = id

    def step(self, name, call):
        return call()

    def publish(self, key, value):
        """Nobody looks."""


def promoted(lab, folder, numbers):
    """Promote two runs, one after the other; return the second promotion."""
    from sklearn.linear_model import Ridge

    for n, r2 in enumerate((0.6, 0.8)):
        run = lab.tracking.create_run("churn", f"run {n}")
        lab.tracking.log_metrics(run.id, {"r2": r2})
        fitted = Ridge(alpha=1 + n).fit(numbers, numbers["a"])
        models.save(fitted, folder / str(n), example=numbers, requirements=["scikit-learn"])
        lab.tracking.attach_model(run.id, folder / str(n))
        lab.tracking.end_run(run.id)
        asked = {"candidate": run.id, "stage": "staging", "actor": "ada"}
        done = Delivery(lab).promote(AtOnce(str(n) * 32), asked)
    return done


async def test_a_promotion_brings_its_diff_as_data_and_as_html(ask, project, tmp_path):
    numbers = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})
    lab = Lab.from_(project)
    done = await asyncio.to_thread(promoted, lab, tmp_path, numbers)
    code, told = await ask("promotions/{id}", path=f"promotions/{done.id}")
    assert (code, told["champion"], told["promotion"]["state"]) == (200, "churn/1", "promoted")
    diff = told["diff"]
    assert set(diff) >= {"title", "headline", "outcome", "sections"}
    assert diff["title"] == "churn/2 → staging versus churn/1"
    sections = {section["id"]: section for section in diff["sections"]}
    assert {"gates", "metrics", "service", "signature"} <= set(sections)
    for section in sections.values():
        assert set(section) == {"id", "title", "outcome", "summary", "blocks"}
    table = next(block for block in sections["metrics"]["blocks"] if block["kind"] == "table")
    row = {
        name: cell["text"] for name, cell in zip(table["columns"], table["rows"][0], strict=True)
    }
    assert (row["champion"], row["candidate"]) == ("0.6", "0.8")
    assert "churn/1" in told["diff_html"]
    assert "<script" not in told["diff_html"]


async def test_the_policy_says_what_a_stage_asks(ask, project):
    code, (staging,) = await ask("policy", stage="staging")
    assert (code, staging["stage"], staging["champion"]) == (200, "staging", None)
    assert staging["demands"][0] == {
        "by": "signature", "words": ["The model says what it takes and returns"],
    }  # fmt: skip
    assert (await ask("policy", stage="moon"))[0] == 404
    assert (await ask("policy", model="nothing"))[0] == 404


async def test_runs_are_filtered_sorted_and_counted(ask, project):
    tracking = Lab.from_(project).tracking
    for n in range(7):
        run = tracking.create_run("churn", f"{'odd' if n % 2 else 'even'} {n}", started=1e3 + n)
        tracking.log_metrics(run.id, {"auc": (n * 3 % 7) / 10})
        tracking.end_run(run.id)
    for asked, total in ({}, 7), ({"filter": "odd"}, 3), ({"filter": "metrics.auc > 0.35"}, 3):
        assert (await ask("runs", limit=2, **asked))[1]["total"] == total
        # Counted from what was counted last, too.
        assert (await ask("runs", limit=2, offset=2, **asked))[1]["total"] == total
    page = (await ask("runs", sort="-metrics.auc", limit=2, offset=1))[1]
    assert [item["metrics"]["auc"] for item in page["items"]] == [0.5, 0.4]
    assert (await ask("runs", sort="size"))[0] == 400
    assert (await ask("runs", filter="metrics.auc >"))[0] == 400


async def test_a_notebook_makes_a_form_and_a_job(ask, project):
    write_notebook(project / "train.ipynb", "1 + 1", parameters="alpha: float = 0.5  # strength")
    assert (await ask("notebooks/parameters"))[0] == 400
    body = {"notebook": "train.ipynb", "parameters": {"alpha": "many"}}
    code, answer = await ask("jobs", method="POST", body=body)
    assert (code, answer["error"]) == (400, "BadParameter")


async def test_a_sweep_is_looked_at_and_cancelled(ask, project):
    path = write_notebook(project / "train.ipynb", "1 + 1", parameters="alpha: float = 0.5")
    wanted = Wanted(kind="random", trials=3)
    id = Lab.from_(project).sweeps.start(path, {}, {"alpha": "~uniform(0, 1)"}, wanted).id
    found = (await ask("sweeps/{id}", path=f"sweeps/{id}"))[1]
    assert found["headline"] == "3 trials: 3 queued."
    assert [item["id"] for item in (await ask("sweeps"))[1]] == [id]
    line = (await ask("sweeps/{id}/cancel", method="POST", path=f"sweeps/{id}/cancel"))[1]["cli"]
    assert line == f"labline sweeps cancel {id}"
    states = (await ask("sweeps/{id}", path=f"sweeps/{id}"))[1]["sweep"]["trials"]
    assert {trial["status"] for trial in states} == {"cancelled"}


@pytest.mark.parametrize("path", ["../secret.ipynb", "/etc/passwd", "nothing.ipynb", "", "."])
async def test_a_path_outside_of_what_the_server_shows_is_not_found(path, ask, project):
    (project.parent / "secret.ipynb").write_text("{}")
    code, _ = await ask("jobs", method="POST", body={"notebook": path})
    assert code == 404


@pytest.mark.parametrize(("body", "says"), [
    ({}, "candidate is missing"),
    ({"candidate": "best:auc", "to": "staging", "dryrun": True}, "dryrun is not known"),
    ({"candidate": 3, "to": "staging"}, "candidate is '3'"),
    ({"candidate": "best:auc", "to": "moon"}, "moon"),
])  # fmt: skip
async def test_a_body_that_does_not_fit_names_the_field(body, says, ask, project):
    code, answer = await ask("promotions", method="POST", body=body)
    assert code in (400, 404)
    assert says in answer["message"]


@pytest.mark.parametrize(("action", "body", "line"), [
    ("jobs", {"notebook": "a b.ipynb", "parameters": {"x": "1"}, "sweep": {"y": ["1", "2"]}},
     "labline run 'a b.ipynb' -p x 1 --sweep y=1,2"),
    ("jobs", {"notebook": "a.ipynb", "ranges": {"x": "uniform(0, 1)"},
              "search": {"trials": 9, "metric": "auc", "goal": "maximize", "prune": True}},
     "labline run a.ipynb --sweep 'x~uniform(0, 1)' --trials 9 --metric auc --maximize --prune"),
    ("promotions", {"candidate": "best:auc", "to": "prod", "dry_run": True},
     "labline promote best:auc --to prod --dry-run"),
    ("deployments", {"model": "churn@prod"}, "labline deploy churn@prod"),
    ("rollback", {"name": "churn"}, "labline rollback churn"),
])  # fmt: skip
async def test_a_click_has_its_command(action, body, line, ask, project):
    sent = {"action": action, "body": body}
    assert (await ask("cli", method="POST", body=sent))[1] == {"cli": line}


async def test_versions_that_differ_are_explained(ask, project):
    found = (await ask("version", extension="0.0.1"))[1]
    assert found["agrees"] is False
    assert "0.0.1" in found["mismatches"][0]["message"]


@pytest.mark.parametrize("platform", ["github", "gitlab"])
async def test_a_click_has_its_ci_job(platform, ask, project):
    body = {"action": "promotions", "body": {"candidate": "best:auc", "to": "staging"}}
    found = (await ask("ci", method="POST", body={**body, "platform": platform}))[1]
    assert "labline promote best:auc --to staging" in str(yaml.safe_load(found["text"]))
    assert found["path"].endswith(".yml")


async def test_a_sweep_has_its_ci_job(ask, project):
    write_notebook(project / "train.ipynb", "1 + 1", parameters="alpha: float = 0.5")
    swept = {"notebook": "train.ipynb", "ranges": {"alpha": "loguniform(1e-3, 1)"},
             "search": {"trials": 9, "metric": "auc"}, "options": {"memory": "4GiB"}}  # fmt: skip
    asked = {"action": "jobs", "platform": "github", "body": swept}
    code, found = await ask("ci", method="POST", body=asked)
    line = "--sweep 'alpha~loguniform(1e-3, 1)' --trials 9 --metric auc --memory 4GiB"
    steps = yaml.safe_load(found["text"])["jobs"]["line"]["steps"]
    assert (code, found["cli"]) == (200, f"labline run train.ipynb {line}")
    assert any(line in step.get("run", "") for step in steps)
    swept["ranges"] = {"beta": "uniform(0, 1)"}
    code, answer = await ask("ci", method="POST", body=asked)
    assert (code, "beta" in answer["message"]) == (400, True)


@pytest.mark.parametrize(("options", "option"), [
    ({"timeout": "soon"}, "timeout"), ({"memory": "a lot"}, "memory"),
])  # fmt: skip
async def test_a_limit_that_cannot_be_read_is_named_for_the_form(options, option, ask, project):
    write_notebook(project / "train.ipynb", "1 + 1", parameters="alpha: float = 0.5")
    body = {"notebook": "train.ipynb", "options": options}
    code, answer = await ask("jobs", method="POST", body=body)
    assert (code, answer["details"]) == (400, {"option": option})


async def test_a_part_of_a_name_is_taken_as_it_is(ask, project):
    tracking = Lab.from_(project).tracking
    names = [
        "100% <b>sure</b>",
        "100 percent",
        "it's_a",
        "its-a",
        "\u202eright \U0001f680" + "n" * 200,
    ]
    for name in names:
        tracking.create_run("churn", name)
    for part, fits in ("100%", 1), ("it's", 1), ("s_a", 1), ("\U0001f680", 1), ("a", 2):
        page = (await ask("runs", filter=part))[1]
        assert (page["total"], len(page["items"])) == (fits, fits), part
