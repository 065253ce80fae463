"""What %log keeps: values, metrics, models, what a training set looks like."""

# ruff: noqa: F811 - pytest passes fixtures by their names

import pandas as pd
import pytest
from tests.integration.shells import (  # noqa: F401
    Cell,
    last,
    project,
    recording,
    run,
    shell,
    tracking,
)

from labline.tracking import Tracking


def test_log_takes_names_expressions_and_literals(run: Cell, tracking: Tracking) -> None:
    run("import numpy as np\nauc, mse, alpha, kind = 0.9, 4.0, 0.5, 'ridge'")
    logged = run(
        "%%record --experiment logs\n"
        "%log auc rmse=np.sqrt(mse) n=3 top=max(1, 2) --params alpha,kind C=1 solver=lbfgs"
    )
    assert logged.metrics == {"auc": 0.9, "rmse": 2.0, "n": 3.0, "top": 2.0}
    found = last(tracking, "logs")
    assert dict(found.metrics) == logged.metrics
    assert dict(found.params) == {"alpha": "0.5", "kind": "ridge", "C": "1", "solver": "lbfgs"}


def test_log_logs_all_of_a_line_or_nothing(run: Cell, tracking: Tracking) -> None:
    run("auc = 0.9\n%record on --experiment strict")
    error = run("%log auc acu=acu", fails="BadUsage")
    assert error.fix == "Did you mean 'auc'?"
    run("%log auc='high'", fails="BadUsage")
    run("%log auc --params nothing", fails="BadUsage")
    run("%log", fails="BadUsage")
    run("%log --params C=1")
    run("%log --params C=1")
    run("%log auc --params C=2", fails="AlreadyLogged")
    ended = run("%record off")
    assert (dict(ended.metrics), dict(ended.params)) == ({}, {"C": "1"})


def test_a_metric_that_is_not_a_number_is_logged_with_a_warning(
    run: Cell, tracking: Tracking, capsys: pytest.CaptureFixture[str]
) -> None:
    run("%%record --experiment nan\n%log auc=float('nan')")
    assert "auc is NaN" in capsys.readouterr().err
    value = last(tracking, "nan").metrics["auc"]
    assert value != value


def test_log_without_a_recording_says_what_to_do(
    run: Cell, capsys: pytest.CaptureFixture[str]
) -> None:
    error = run("%log auc=1", fails="NotRecording")
    assert "%%record" in error.fix
    shown = capsys.readouterr().out
    assert "No recording is on" in shown
    assert "%record on" in shown
    assert "Traceback" not in shown


TRAIN = """
import numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression
X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=list("abc"))
y = pd.Series((X["a"] > 0).astype(int), name="churned")
model = LogisticRegression(C=0.5).fit(X, y)
"""


def test_a_model_is_logged_with_signature_data_and_requirements(
    run: Cell, tracking: Tracking
) -> None:
    run(TRAIN)
    logged = run("%%record --experiment models\n%log --model model --name clf --data X,y")
    assert logged.model == "clf"
    assert [(data.name, data.rows) for data in logged.datasets] == [("X", 60), ("y", 60)]
    assert any(line.startswith("scikit-learn==") for line in logged.requirements)
    found = last(tracking, "models")
    assert found.model_uri is not None
    signature = tracking.registry.signature(found.model_uri)
    assert [column["name"] for column in signature["inputs"]] == ["a", "b", "c"]  # type: ignore[index]
    inputs = tracking.client.get_run(found.id).inputs.dataset_inputs
    assert {item.dataset.name for item in inputs} == {"X", "y"}
    kept = tracking.read_json(found.id, "labline/holdout.json")
    assert (len(kept["rows"]), len(kept["predictions"])) == (60, 60)
    version = tracking.registry.register("clf", found.id)
    import mlflow

    loaded = mlflow.sklearn.load_model(str(tracking.registry.fetch(version)))
    assert list(loaded.predict(pd.DataFrame({"a": [5.0], "b": [0.0], "c": [0.0]}))) == [1]


def test_what_the_training_set_looks_like_is_kept_without_its_rows(
    run: Cell, tracking: Tracking
) -> None:
    run(TRAIN)
    logged = run(
        "%%record --experiment trained\n"
        "%log --model model --data X[40:],y[40:] --train X[:40],y[:40]"
    )
    assert [data.rows for data in logged.datasets] == [20, 20, 40, 40]
    found = last(tracking, "trained")
    kept = tracking.read_json(found.id, "labline/training.json")
    assert (kept["name"], kept["rows"], list(kept["columns"])) == ("X[:40]", 40, ["a", "b", "c"])
    assert set(kept["labels"]["values"]) == {"0", "1"}
    assert kept["schema"]["schema_type"] == "dataframe"
    inputs = tracking.client.get_run(found.id).inputs.dataset_inputs
    contexts = {item.dataset.name: {tag.value for tag in item.tags} for item in inputs}
    assert contexts["X[:40]"] == {"training"}


def test_a_model_with_unfit_data_is_refused_before_it_is_logged(run: Cell) -> None:
    run(TRAIN + "%record on --experiment unfit")
    assert "--data" in run("%log --model model", fails="BadUsage").fix
    run("%log --model model --data X,y[:5]", fails="BadInput")
    run("%log --model model --data 'abc'", fails="BadUsage")
    run("%log --model model --data 17", fails="NotATable")
    run("%log --model model --name a/b --data X", fails="BadUsage")
    assert "--model" in run("%log r2=1 --train X", fails="BadUsage").fix
    run("%log --model model --data X,y --train X,y[:5]", fails="BadInput")
    run("%log --model model --data X,y --train X[:0]", fails="BadInput")
    run("%log --model model --data X,y --train 17", fails="NotATable")
    run("rows = X.assign(a=['x'] * 60)\n%log --model model --data rows,y", fails="NoSignature")
    assert run("%record off").model_uri is None
