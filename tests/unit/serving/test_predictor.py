"""The model behind the codec: the short ways through it say what MLflow says."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from bento_pyfunc.media import JSON, Form
from bento_pyfunc.predictor import Predictor
from bento_pyfunc.turns import Order
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from tests.unit.serving.specs import make_spec

NAMES = ["a", "b", "c", "d"]
GENERATOR = np.random.default_rng(7)
X = pd.DataFrame(GENERATOR.normal(size=(120, 4)), columns=NAMES)
Y = X @ [1.0, -2.0, 0.5, 0.0] + GENERATOR.normal(size=120)


def double_a(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(a=table["a"] * 2)


def saved(folder: Path, model: Any, example: pd.DataFrame = X, **more: Any) -> Path:
    import mlflow

    predicted = model.predict(example) if hasattr(model, "fit") else model.predict(None, example)
    signature = mlflow.models.infer_signature(example, predicted, **more)
    flavor, key = (
        (mlflow.sklearn, "sk_model") if hasattr(model, "fit") else (mlflow.pyfunc, "python_model")
    )
    options = {"serialization_format": "cloudpickle"} if key == "sk_model" else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        flavor.save_model(
            path=str(folder / "model"), signature=signature, pip_requirements=[],
            **{key: model}, **options,
        )  # fmt: skip
    return folder / "model"


def python_model(predict: Any) -> Any:
    import mlflow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow asks for type hints
        return type("Model", (mlflow.pyfunc.PythonModel,), {"predict": predict})()


def predictor(path: Path, example: dict[str, Any] | None, **changes: Any) -> Predictor:
    import mlflow

    meta = mlflow.models.Model.load(str(path))
    assert meta.signature is not None
    params = meta.signature.params.to_dict() if meta.signature.params else []
    inputs = meta.signature.inputs.to_dict()
    facts = {"params": params, "example": example, "max_rows": 1000, **changes}
    return Predictor.load(path, make_spec(inputs, **facts))


def rows(table: pd.DataFrame) -> dict[str, Any]:
    return {"rows": json.loads(table.to_json(orient="records", double_precision=15))}


def by_mlflow(path: Path, body: dict[str, Any]) -> Any:
    import mlflow.pyfunc

    return mlflow.pyfunc.load_model(str(path)).predict(pd.DataFrame(body["rows"]))


@pytest.mark.parametrize(
    "model",
    [
        Ridge(),
        LogisticRegression(),
        make_pipeline(StandardScaler(), PCA(2), Ridge()),
        KNeighborsRegressor(3),
        RandomForestClassifier(5, random_state=0),
        HistGradientBoostingRegressor(max_iter=5),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_plain_estimator_takes_the_bare_matrix_and_says_the_same_bits(
    model: Any, tmp_path: Path
) -> None:
    target = Y > 0 if hasattr(model, "predict_proba") else Y
    path = saved(tmp_path, model.fit(X, target))
    served = predictor(path, rows(X.head(3)))
    assert "predict" in served._short
    for body in (rows(X), rows(X.tail(1))):
        answer = orjson.loads(served.answer(orjson.dumps(body)))
        assert answer["predictions"] == by_mlflow(path, body).tolist()


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(make_column_transformer((StandardScaler(), ["b", "a"])), Ridge()),
        make_pipeline(FunctionTransformer(double_a), Ridge()),
    ],
    ids=["columns by name", "a function of the table"],
)
def test_an_estimator_that_needs_names_gets_the_table(model: Any, tmp_path: Path) -> None:
    path = saved(tmp_path, model.fit(X, Y))
    served = predictor(path, rows(X.head(3)))
    assert served._short == {}
    answer = orjson.loads(served.answer(orjson.dumps(rows(X))))
    assert answer["predictions"] == by_mlflow(path, rows(X)).tolist()


def test_whole_numbers_take_the_short_way_too_and_permuted_columns_are_put_right(
    tmp_path: Path,
) -> None:
    path = saved(tmp_path, Ridge().fit(X, Y))
    served = predictor(path, rows(X.head(1)))
    body = {"rows": [{"d": 4, "c": 3, "b": 2, "a": 1}]}
    answer = orjson.loads(served.answer(orjson.dumps(body)))["predictions"]
    wanted = pd.DataFrame([[1.0, 2.0, 3.0, 4.0]], columns=NAMES)
    assert answer == Ridge().fit(X, Y).predict(wanted).tolist()


def test_a_model_with_code_of_its_own_is_never_quick(tmp_path: Path) -> None:
    def first(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        return model_input["a"]

    assert predictor(saved(tmp_path, python_model(first)), rows(X.head(1))).at_once == {}


@pytest.mark.parametrize(("taken", "json", "arrow"), [
    ([0.001, 0.001, 0.02], 8, 128), ([0.001, 0.003, 0.02], 8, 8), ([0.001, 0.003, 0.009], 97, 8),
    ([0.003], 0, 0),
])  # fmt: skip
def test_what_an_estimator_answers_at_once_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: list[float], json: int, arrow: int
) -> None:
    left = iter([*taken, *[1.0] * 9])

    def seconds(call: Any) -> float:
        call()
        return next(left)

    monkeypatch.setattr("bento_pyfunc.batches.seconds", seconds)
    served = predictor(saved(tmp_path, Ridge().fit(X, Y)), rows(X.head(1)))
    assert served.at_once.get(Form.JSON, 0) // 1024 == json
    assert served.at_once.get(Form.ARROW, 0) // 1024 == arrow


def test_bytes_that_hold_more_values_than_were_tried_go_to_the_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bento_pyfunc.batches.seconds", lambda _: 0.001)
    served = predictor(saved(tmp_path, Ridge().fit(X, Y)), rows(X.head(1)))
    long = json.dumps(rows(pd.concat([X] * 5))).encode()
    dense = json.dumps({"columns": {name: [1] * 5000 for name in NAMES}}).encode()
    assert 8192 < len(dense) < served.at_once[Form.JSON]
    assert [served.is_brief(Order(body, JSON, "predict")) for body in (long, dense)] == [
        True,
        False,
    ]


@pytest.mark.parametrize(("scale", "max_rows"), [(1.0, 10), (1e308, 1000)])
def test_what_is_tried_at_once_are_rows_that_may_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scale: float, max_rows: int
) -> None:
    def seconds(call: Any) -> float:
        call()
        return 0.001

    monkeypatch.setattr("bento_pyfunc.batches.seconds", seconds)
    forgiving = HistGradientBoostingRegressor(max_iter=1).fit(X, Y)
    model, example = saved(tmp_path, forgiving), rows(X.head(1).clip(-1, 1) * scale)
    with np.errstate(over="ignore"):  # and what is infinite then has no form in JSON
        assert predictor(model, example, max_rows=max_rows).at_once[Form.JSON] == 8192


def test_without_an_example_the_table_is_used(tmp_path: Path) -> None:
    served = predictor(saved(tmp_path, Ridge().fit(X, Y)), None)
    assert served._short == {}
    assert served.examples == {}


def test_an_example_that_does_not_fit_the_signature_warms_nothing(tmp_path: Path) -> None:
    served = predictor(saved(tmp_path, Ridge().fit(X, Y)), {"rows": [{"a": "x"}]})
    assert served.examples == {}


def test_a_model_that_cannot_predict_its_example_does_not_become_ready(tmp_path: Path) -> None:
    def broken(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        if (model_input["a"] > 100).any():
            raise RuntimeError("too much")
        return model_input["a"]

    path = saved(tmp_path, python_model(broken))
    with pytest.raises(RuntimeError, match="too much"):
        predictor(path, {"rows": [dict.fromkeys(NAMES, 101.0)]})


def test_a_python_model_gets_its_parameters(tmp_path: Path) -> None:
    def scaled(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        return model_input["a"] * (params or {}).get("by", 1.0)

    path = saved(tmp_path, python_model(scaled), params={"by": 2.0})
    served = predictor(path, rows(X.head(1)))
    row = dict.fromkeys(NAMES, 1.5)
    for body, wanted in (({"rows": [row]}, 3.0), ({"rows": [row], "params": {"by": 10}}, 15.0)):
        assert orjson.loads(served.answer(orjson.dumps(body)))["predictions"] == [wanted]
