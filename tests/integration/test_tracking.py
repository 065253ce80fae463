"""Runs, models and the registry on a real MLflow database."""

import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

from labline.errors import BadInput, NotFound, Refused, Unreachable
from labline.records import Column, Dataset, Run
from labline.tracking import Tracking, models
from labline.tracking.registry import ModelAltered

ROWS = pd.DataFrame({"a": [1.0, 2.0, np.nan], "b": ["x", "y", "z"]})
NUMBERS = pd.DataFrame(np.arange(12.0).reshape(6, 2), columns=["a", "b"])


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    state = tmp_path_factory.mktemp("state")
    return Tracking(f"sqlite:///{state}/mlflow.db", state / "artifacts")


def run_with_model(tracking: Tracking, folder: Path, experiment: str, **metrics: float) -> Run:
    run = tracking.create_run(experiment)
    tracking.log_metrics(run.id, metrics)
    model = Ridge(alpha=len(metrics)).fit(NUMBERS, NUMBERS["a"])
    models.save(model, folder, example=NUMBERS, requirements=["scikit-learn"])
    tracking.attach_model(run.id, folder)
    tracking.end_run(run.id)
    return tracking.run(run.id)


def test_a_run_keeps_what_is_logged(tracking: Tracking) -> None:
    run = tracking.create_run("e1", "first", params={"alpha": 0.5}, tags={"labline.kind": "job"})
    tracking.log_metrics(run.id, {"r2": 0.9})
    tracking.log_json(run.id, {"cells": []}, "labline/recording.json")
    tracking.log_dataset(run.id, Dataset("test", "d" * 64, 3, (Column("a", "double", 1),)), "test")
    tracking.end_run(run.id, "FAILED")
    again = tracking.run(run.id)
    assert (again.name, again.experiment, again.status) == ("first", "e1", "FAILED")
    assert (dict(again.params), dict(again.metrics)) == ({"alpha": "0.5"}, {"r2": 0.9})
    assert tracking.read_json(run.id, "labline/recording.json") == {"cells": []}
    assert tracking.artifacts(run.id, "labline") == ["labline/recording.json"]


def test_runs_that_log_the_same_data_at_once_all_keep_it(tracking: Tracking) -> None:
    made = [tracking.create_run("at once").id for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for number in range(5):
            data = Dataset(f"d{number}", f"{number}" * 64, 3, (Column("a", "double", 1),))
            list(pool.map(lambda run, data=data: tracking.log_dataset(run, data), made))
    for run in made:
        assert len(tracking.client.get_run(run).inputs.dataset_inputs) == 5


def test_runs_come_newest_first(tracking: Tracking) -> None:
    made = [tracking.create_run("e2", str(n), started=1000.0 + n).id for n in range(3)]
    assert [run.id for run in tracking.runs("e2", limit=2)] == made[:0:-1]
    assert tracking.runs("no such experiment") == []


def test_a_parameter_logged_twice_keeps_its_first_value(tracking: Tracking) -> None:
    run = tracking.create_run("e3", params={"alpha": 1})
    tracking.log_params(run.id, {"alpha": 2, "beta": 3})
    assert dict(tracking.run(run.id).params) == {"alpha": "1", "beta": "3"}


def test_an_unknown_run_is_not_found(tracking: Tracking) -> None:
    with pytest.raises(NotFound, match="There is no run 'nope'"):
        tracking.run("nope")


def test_the_best_run_has_a_model_and_a_number(tracking: Tracking, tmp_path: Path) -> None:
    good = run_with_model(tracking, tmp_path / "good" / "model", "e4", r2=0.8)
    run_with_model(tracking, tmp_path / "nan" / "model", "e4", r2=float("nan"))
    bare = tracking.create_run("e4")
    tracking.log_metrics(bare.id, {"r2": 0.99})
    tracking.end_run(bare.id)
    assert tracking.best_run("e4", "r2").id == good.id
    with pytest.raises(NotFound, match="Known: r2"):
        tracking.best_run("e4", "r3")
    with pytest.raises(NotFound, match="no finished run with a model"):
        tracking.best_run("e1", "r2")


def test_a_model_is_attached_once_and_loads_again(tracking: Tracking, tmp_path: Path) -> None:
    from mlflow.pyfunc import load_model

    folder = tmp_path / "model"
    run = run_with_model(tracking, folder, "e5", r2=1.0)
    assert tracking.attach_model(run.id, folder) == run.model_uri
    version = tracking.registry.register("numbers", run.id)
    assert tracking.registry.register("numbers", run.id).version == version.version == 1
    loaded = load_model(str(tracking.registry.fetch(version)))
    expected = Ridge(alpha=1).fit(NUMBERS, NUMBERS["a"]).predict(NUMBERS)
    np.testing.assert_array_equal(loaded.predict(NUMBERS), expected)
    assert tracking.registry.example(version)[0] == {"a": 0.0, "b": 1.0}
    signature = tracking.registry.signature(version.source)
    assert signature is not None
    assert [column["name"] for column in signature["inputs"]] == ["a", "b"]


def test_a_stage_is_held_by_one_version(tracking: Tracking, tmp_path: Path) -> None:
    registry = tracking.registry
    for number in (1, 2):
        run = run_with_model(tracking, tmp_path / str(number) / "model", "e6", r2=number)
        registry.register("held", run.id)
        registry.set_stage("held", number, "staging")
    champion = registry.champion("held", "staging")
    assert champion is not None
    assert (champion.version, champion.stages) == (2, ("staging",))
    assert registry.version("held/1").stages == ()
    assert registry.version("held").version == registry.version("held@staging").version == 2
    assert registry.champion("held", "prod") is None
    assert registry.holders("held") == {"staging": 2}
    assert registry.holders("hel") == {}
    registry.clear_stage("held", "staging")
    assert registry.champion("held", "staging") is None


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("hled", "No model 'hled' is registered"),
        ("numbers@prod", "There is no model version 'numbers@prod'"),
        ("numbers/7", "There is no model version 'numbers/7'"),
    ],
)
def test_what_is_not_registered_is_not_found(
    tracking: Tracking, reference: str, words: str
) -> None:
    with pytest.raises(NotFound, match=words) as caught:
        tracking.registry.version(reference)
    assert "Promote a run first" not in caught.value.fix


def test_a_stage_that_is_none_is_not_recommended(tracking: Tracking) -> None:
    registry, stages = tracking.registry, ("staging", "prod")
    with pytest.raises(NotFound, match="There is no stage 'prd' in the policy") as caught:
        registry.version("numbers@prd", stages)
    assert "'prod'" in caught.value.fix
    with pytest.raises(NotFound, match="There is no model version 'numbers@prod'") as caught:
        registry.version("numbers@prod", stages)
    assert "--to prod" in caught.value.fix


def test_a_run_without_a_model_is_not_registered(tracking: Tracking) -> None:
    run = tracking.create_run("e7", "bare")
    with pytest.raises(Refused, match="Run bare has no model"):
        tracking.registry.register("m", run.id)


def test_files_that_were_altered_are_refused(tracking: Tracking, tmp_path: Path) -> None:
    run = run_with_model(tracking, tmp_path / "model", "e8", r2=1.0)
    version = tracking.registry.register("altered", run.id)
    (tracking.registry.fetch(version) / "model.pkl").write_bytes(b"evil")
    with pytest.raises(ModelAltered, match="altered/1 were altered after registration"):
        tracking.registry.fetch(version)


def test_a_mixed_table_with_nulls_has_a_signature(tmp_path: Path) -> None:
    from mlflow.models import Model
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    features = make_column_transformer((OneHotEncoder(), ["b"]), remainder="passthrough")
    model = make_pipeline(features, HistGradientBoostingRegressor(max_iter=1)).fit(ROWS, [1, 2, 3])
    models.save(model, tmp_path / "model", example=ROWS, requirements=["scikit-learn"])
    inputs = Model.load(str(tmp_path / "model")).signature.inputs.to_dict()
    assert [(c["name"], c["type"], c["required"]) for c in inputs] == [
        ("a", "double", False),
        ("b", "string", True),
    ]


def test_a_thing_that_is_no_model_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="labline cannot save a"):
        models.save({}, tmp_path / "model", example=ROWS, requirements=[])
    assert not (tmp_path / "model").exists()


def test_data_that_the_model_does_not_take_gives_no_signature(tmp_path: Path) -> None:
    model = Ridge().fit(NUMBERS, NUMBERS["a"])
    with pytest.raises(models.NoSignature, match="No signature could be inferred"):
        models.save(model, tmp_path / "model", example=ROWS, requirements=[])


def test_a_server_that_is_away_is_unreachable_within_seconds(tmp_path: Path) -> None:
    away = Tracking("http://127.0.0.1:9", tmp_path)
    with pytest.raises(Unreachable, match=r"MLflow at http://127\.0\.0\.1:9 does not answer"):
        away.ping()


def test_processes_that_open_a_new_database_at_once_all_can(tmp_path: Path) -> None:
    code = f"""
        from pathlib import Path
        from labline.tracking import Tracking
        Tracking({f"sqlite:///{tmp_path / 'mlflow.db'}"!r}, Path({str(tmp_path)!r})).ping()
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    all_at_once = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [one.communicate(timeout=200)[1] for one in all_at_once]
    assert [one.returncode for one in all_at_once] == [0, 0, 0], said
