"""After go-live, with a real Bento behind a real gateway: what is asked is kept, and looked at."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import orjson
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from jsonschema import Draft202012Validator
from tests.conftest import write_notebook
from tests.platforms import eventually
from tests.ports import free_port
from tests.receivers import Hook, webhook
from traitlets.config import Config

from labline import load_ipython_extension
from labline.cli import main
from labline.errors import BadInput
from labline.kernel import uninstall
from labline.lab import Lab, Order, watching
from labline.lab.shapes import Look, Monitored
from labline.server.answers import plain
from labline.server.openapi import document
from labline.settings import RetrainSettings

POLICY = """
[project]
name = "churn"
[gateway]
port = {port}
[monitor]
capture = true
[stages.staging]
gates = ["signature"]
[retrain]
notebook = "train.ipynb"
when = ["drift"]
[notify]
webhook = "{hook}"
on = ["endpoint.drifted"]
"""
TRAIN = """
import numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression
generator = np.random.default_rng(0)
X = pd.DataFrame({"age": generator.normal(40, 10, 1200), "visits": generator.poisson(3.0, 1200)})
X["visits"] = X["visits"].astype(float)
y = pd.Series(np.where(X["age"] + generator.normal(0, 3, 1200) > 40, "yes", "no"), name="churned")
model = LogisticRegression().fit(X[:900], y[:900])
accuracy = float((model.predict(X[900:]) == y[900:]).mean())
"""
LOG = """%%record
%log accuracy=accuracy
%log --model model --data X[900:],y[900:] --train X[:900],y[:900]
"""


class Served:
    """An endpoint, and how to ask it."""

    def __init__(self, lab: Lab, shell: InteractiveShell, hook: Hook, port: int, key: str) -> None:
        self.lab = lab
        self.hook = hook
        self.shell = shell
        self._client = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"authorization": f"Bearer {key}"},
            timeout=60,
        )

    def ask(self, rows: pd.DataFrame, id: str, **headers: str) -> list[Any]:
        """Ask for all rows at once, under a request id; return the predictions once logged."""
        body = {"rows": rows.to_dict("records")}
        answer = self._client.post(
            "/churn/predict", json=body, headers={"x-request-id": id, **headers}
        )
        assert answer.status_code == 200, answer.text
        assert answer.headers["x-request-id"] == id
        eventually(lambda: id in set(self.rows()["request_id"]), seconds=60)
        return list(answer.json()["predictions"])

    def rows(self) -> pd.DataFrame:
        return self.lab.monitor.rows("churn").frame

    def close(self) -> None:
        self._client.close()


def people(rows: int, *, older: float = 0.0, seed: int = 1) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    visits = generator.poisson(3.0, rows).astype(float)
    return pd.DataFrame({"age": generator.normal(40 + older, 10, rows), "visits": visits})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("churn")
    port = free_port()
    with pytest.MonkeyPatch.context() as patch, webhook() as hook:
        (root / "labline.toml").write_text(POLICY.format(port=port, hook=hook.url))
        log = LOG.partition("\n")[2]
        write_notebook(root / "train.ipynb", "%load_ext labline", TRAIN, log)
        patch.chdir(root)
        patch.delenv("JPY_SESSION_NAME", raising=False)
        patch.setenv("LABLINE_RECORDS_EVERY", "0.2")
        config = Config()
        config.HistoryManager.enabled = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shell = InteractiveShell(config=config)
        load_ipython_extension(shell)
        shell.run_cell(TRAIN).raise_error()
        shell.run_cell(LOG, store_history=True).raise_error()
        lab = Lab.from_(root)
        (run,) = lab.tracking.runs("churn", limit=1)
        lab.tracking.registry.register("churn", run.id)
        lab.platform.up()
        try:
            done = lab.serving.deploy(Order("churn", environment="current"))
            made = Served(lab, shell, hook, port, str(done.key))
            yield made
            made.close()
        finally:
            lab.platform.down()
            lab.database.close()
            uninstall(shell)


@pytest.fixture
def run(served: Served, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    def call(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["-C", str(served.lab.settings.root), *words])
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out + said.err

    return call


def as_described(found: Monitored) -> dict[str, Any]:
    """Return an answer as the server writes it, held against what it says of itself."""
    described = document()["components"]
    written: dict[str, Any] = orjson.loads(
        orjson.dumps(found, option=orjson.OPT_NON_STR_KEYS, default=plain)
    )
    schema = {**described["schemas"]["Monitored"], "components": described}
    Draft202012Validator(schema).validate(written)
    return written


def magic(served: Served, line: str) -> Any:
    result = served.shell.run_cell(line)
    result.raise_error()
    return result.result


def test_before_anybody_asked_it_is_told_that_nothing_can_be_judged(
    served: Served, run: Callable[..., tuple[int, str]]
) -> None:
    code, said = run("drift", "churn")
    assert code == 0
    assert "not judged" in said
    assert "was asked no rows in the last 24 hours" in said


def test_rows_come_back_as_they_were_asked_and_answered(served: Served) -> None:
    asked = people(3)
    said = served.ask(asked, "order-1")
    found = magic(served, "%prod rows")
    mine = found[found["request_id"] == "order-1"]
    assert mine["prediction"].tolist() == said
    assert mine["row"].tolist() == [0, 1, 2]
    assert set(mine["model"]) == {"churn/1"}
    pd.testing.assert_frame_equal(mine[["age", "visits"]].reset_index(drop=True), asked)
    assert (pd.Timestamp.now("UTC") - mine["at"].iloc[0]) < pd.Timedelta(minutes=5)


def test_a_window_like_training_is_stable_and_one_that_is_not_has_drifted(
    served: Served, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    served.ask(people(400), "usual")
    found = served.lab.monitor.drift("churn")
    assert found.outcome == "stable", found.says
    assert found.reference == "the 900 rows of X[:900]"
    assert {each.column for each in found.columns} == {"age", "visits", "prediction"}
    served.ask(people(600, older=25, seed=2), "older")
    code, said = run("drift", "churn", "--check")
    assert code == 1
    assert "2 of 3 columns drifted" in said
    told = json.loads(run("drift", "churn", "--json")[1])
    assert told["outcome"] == "drifted"
    assert told["columns"][0]["column"] == "age"
    report = magic(served, "%prod drift churn")
    assert [each.column for each in report.drifted] == ["age", "prediction"]
    worst = magic(served, "%prod rows --drifted --limit 50")
    assert set(worst["request_id"]) == {"older"}
    assert set(worst["drifted_by"]) == {"age"}
    assert worst["drift"].is_monotonic_decreasing
    path = tmp_path / "rows.parquet"
    code, said = run("monitor", "rows", "churn", "--drifted", "--output", str(path))
    assert code == 0
    assert "drift" in pd.read_parquet(path)


def test_a_look_that_finds_something_new_is_recorded_and_told_once(
    served: Served, run: Callable[..., tuple[int, str]]
) -> None:
    served.ask(people(2000, older=25, seed=3), "many-older")
    code, said = run("monitor", "check", "churn")
    assert code == 1
    assert "churn: drift" in said
    assert run("monitor", "check", "churn")[0] == 1
    entries = served.lab.ledger.entries(actions=(watching.ACTION,))
    assert [entry.payload["state"] for entry in entries] == ["drift"]
    assert set(entries[0].payload["drifted"]) >= {"age"}
    served.lab.ledger.verify()
    code, said = run("monitor", "list", "churn")
    assert (code, said.count("hand")) == (0, 2)
    found = as_described(served.lab.views.monitors.of("churn"))
    assert [each["by"] for each in found["history"]] == ["hand", "hand"]
    assert found["look"]["state"] == "drift"
    assert found["look"]["drift"]["columns"][0]["column"] == "age"
    shares = {each["column"]: each["shares"] for each in found["trails"]}
    assert all(share > 1 for share in shares["age"])
    (told,) = eventually(served.hook.bodies, seconds=60)
    assert told["type"] == "endpoint.drifted"
    assert told["data"]["endpoint"] == "churn"


def test_drift_ends_in_a_trained_candidate_that_waits_for_a_person(
    served: Served, run: Callable[..., tuple[int, str]]
) -> None:
    served.ask(people(2000, older=25, seed=4), "oldest")
    lab = served.lab
    assert run("monitor", "check", "churn")[0] == 1
    assert run("monitor", "check", "churn")[0] == 1
    (asked,) = lab.workflows.list("retrain")
    (waits,) = eventually(lambda: lab.promotions.list(waiting=True), seconds=200)
    assert (waits["model"], waits["stage"], waits["actor"]) == ("churn", "staging", "labline")
    done = lab.workflows.wait(asked.id, timeout=60).result
    assert (done.promotion, done.why) == (waits["id"], "drift")
    assert lab.jobs.get(done.job).status == "succeeded"
    (entry,) = lab.ledger.entries(actions=("retrained",))
    assert entry.payload["promotion"] == waits["id"]
    renewal = as_described(lab.views.monitors.of("churn"))["renewal"]
    assert (renewal["state"], renewal["promotion"], renewal["why"]) == (
        "needs approval", waits["id"], "drift",
    )  # fmt: skip
    assert lab.views.monitors.newest()["churn"].renewal == asked.id
    # While it waits, nothing is trained again; and only a person moves the stage, and no traffic.
    assert run("monitor", "check", "churn")[0] == 1
    assert len(lab.workflows.list("retrain")) == 1
    assert lab.promotions.approve(waits["id"]).promoted
    assert lab.endpoints.get("churn").live.model == "churn/1"


def test_without_a_notebook_in_the_policy_it_is_told_what_to_add(served: Served) -> None:
    settings = served.lab.settings
    bare = Lab(settings.model_copy(update={"retrain": RetrainSettings()}))
    with pytest.raises(BadInput, match="does not say how") as caught:
        bare.retraining.begin("churn", why="by hand")
    assert '[retrain]\nnotebook = "notebooks/train.ipynb"' in caught.value.fix
    gone = Lab(settings.model_copy(update={"retrain": RetrainSettings(notebook="gone.ipynb")}))
    with pytest.raises(BadInput, match=r"no notebook .*gone\.ipynb"):
        gone.retraining.begin("churn", why="by hand")
    for each in (bare, gone):
        each.database.close()


def test_endpoints_are_looked_at_by_the_clock_once_in_each_span_of_time(
    served: Served, run: Callable[..., tuple[int, str]]
) -> None:
    settings = served.lab.settings
    monitor = settings.monitor.model_copy(update={"every": 1e6})
    often = Lab(settings.model_copy(update={"monitor": monitor}))
    for _ in range(2):  # as two workers would
        with watching.beat(often):
            (look,) = eventually(lambda: by_the_clock(often), seconds=60)
    assert look.model == "churn/1"
    assert len(by_the_clock(often)) == 1
    often.database.close()
    code, said = run("monitor", "list")
    assert code == 0
    assert "churn/1" in said


def by_the_clock(lab: Lab) -> list[Look]:
    return [each for each in lab.monitor.looks("churn") if each.by == "clock"]


def test_a_span_before_anybody_asked_has_no_rows(served: Served) -> None:
    began = time.time()
    served.ask(people(1), "late")
    last = max(1e-3, time.time() - began)
    assert "late" in set(served.lab.monitor.rows("churn", last=last + 60).frame["request_id"])
    assert served.lab.monitor.rows("churn", last=1e-3).frame.empty


def test_labels_that_come_later_tell_what_the_metrics_have_become(
    served: Served, run: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    said = served.ask(people(200, seed=7), "labelled")
    outcomes = pd.DataFrame({"id": "labelled", "place": range(200), "churned": said})
    outcomes.to_csv(tmp_path / "outcomes.csv", index=False)
    how = ("--on", "id", "--row", "place", "--label", "churned")
    code, text = run("labels", str(tmp_path / "outcomes.csv"), *how, "--json")
    found = json.loads(text)
    assert (code, found["outcome"], found["joined"]) == (0, "held", 200)
    (accuracy,) = found["metrics"]
    assert (accuracy["metric"], accuracy["value"]) == ("accuracy", 1.0)
    assert 0.8 < accuracy["logged"] < 1.0
    # What is told later of the same rows wins.
    outcomes["churned"] = ["no" if label == "yes" else "yes" for label in said]
    served.shell.user_ns["outcomes"] = outcomes
    report = magic(served, "%prod labels outcomes --on id --row place --label churned")
    assert report.outcome == "dropped"
    assert [each.value for each in report.metrics] == [0.0]
    code, text = run("labels")
    assert code == 0
    assert "dropped" in text
    assert run("labels", str(tmp_path / "outcomes.csv"), "--on", "order")[0] == 2


def test_mistakes_are_named(served: Served, run: Callable[..., tuple[int, str]]) -> None:
    code, said = run("drift", "chrun")
    assert code == 2
    assert "chrun" in said
    assert run("drift", "churn", "--last", "soon")[0] == 2
    code, said = run("monitor", "rows", "churn", "--output", "rows.xlsx")
    assert code == 2
    assert "rows.xlsx names no form" in said
    code, said = run("monitor", "rows", "churn", "--limit", "0")
    assert code == 2
    assert "'--limit': 0 is not in the range" in said
    with pytest.raises(BadInput, match="--drifted is about rows"):
        magic(served, "%prod drift --drifted")


def test_health_says_what_is_served_and_how_it_answers(served: Served) -> None:
    row = magic(served, "%prod health")
    assert (row.name, row.serving) == ("churn", "churn/1")
