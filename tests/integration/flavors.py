"""Fitted models of every flavor, with the tables they are asked about."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from tests.integration.serving_models import passengers, pipeline

NAMES = ["a", "b", "c", "d"]


class Saved(NamedTuple):
    """A model in MLflow's format and the rows it is asked about."""

    folder: Path
    #: a DataFrame, or an array for a model of tensors
    data: Any
    #: whether MLflow's own ``predict`` refuses the rows that the model was trained with
    native: bool = False


def numbers(missing: bool = False) -> pd.DataFrame:
    """Return a table of doubles."""
    generator = np.random.default_rng(11)
    table = pd.DataFrame(generator.normal(size=(120, 4)), columns=NAMES)
    if missing:
        table = table.mask(generator.random(table.shape) < 0.2)
    return table


def target(table: pd.DataFrame) -> pd.Series:
    """Return what is to be predicted."""
    made: pd.Series = table.fillna(0) @ [1.0, -2.0, 0.5, 0.0]
    return made


def _save(folder: Path, flavor: Any, model: Any, data: Any, said: Any, **options: Any) -> Saved:
    import mlflow

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        signature = mlflow.models.infer_signature(data, said)
        flavor.save_model(
            model, path=str(folder), signature=signature, pip_requirements=[], **options
        )
    return Saved(folder, data)


def _sklearn(folder: Path, model: Any, table: pd.DataFrame, y: Any) -> Saved:
    import mlflow.sklearn

    fitted = model.fit(table, y)
    return _save(
        folder, mlflow.sklearn, fitted, table, fitted.predict(table),
        serialization_format="cloudpickle",
    )  # fmt: skip


def ridge(folder: Path) -> Saved:
    from sklearn.linear_model import Ridge

    return _sklearn(folder, Ridge(), numbers(), target(numbers()))


def several_outputs(folder: Path) -> Saved:
    from sklearn.linear_model import LinearRegression

    y = np.column_stack([target(numbers()), numbers()["a"]])
    return _sklearn(folder, LinearRegression(), numbers(), y)


def forest_of_words(folder: Path) -> Saved:
    from sklearn.ensemble import RandomForestClassifier

    words = np.where(target(numbers()) > 0, "yes", "no")
    return _sklearn(folder, RandomForestClassifier(10, random_state=0), numbers(), words)


def boosting_with_nulls(folder: Path) -> Saved:
    from sklearn.ensemble import HistGradientBoostingClassifier

    table = numbers(missing=True)
    return _sklearn(folder, HistGradientBoostingClassifier(max_iter=5), table, target(table) > 0)


def mixed_pipeline(folder: Path) -> Saved:
    import mlflow.sklearn

    table = passengers(120)
    model = pipeline(table)
    said = model.predict(table)
    return _save(
        folder, mlflow.sklearn, model, table, said, serialization_format="cloudpickle"
    )  # fmt: skip


def counts_and_flags(folder: Path) -> Saved:
    from sklearn.tree import DecisionTreeRegressor

    table = numbers()
    table = table.assign(
        b=(table["b"] * 10).astype(np.int64), c=table["c"] > 0, d=table["d"].astype(np.float32)
    )
    return _sklearn(folder, DecisionTreeRegressor(max_depth=4), table, target(numbers()))


def xgboost_regressor(folder: Path) -> Saved:
    import mlflow.xgboost
    import xgboost

    model = xgboost.XGBRegressor(n_estimators=5).fit(numbers(), target(numbers()))
    return _save(folder, mlflow.xgboost, model, numbers(), model.predict(numbers()))


def xgboost_classifier_with_nulls(folder: Path) -> Saved:
    import mlflow.xgboost
    import xgboost

    table = numbers(missing=True)
    model = xgboost.XGBClassifier(n_estimators=5).fit(table, target(table) > 0)
    return _save(folder, mlflow.xgboost, model, table, model.predict(table))


def xgboost_booster(folder: Path) -> Saved:
    import mlflow.xgboost
    import xgboost

    data = xgboost.DMatrix(numbers(), target(numbers()))
    model = xgboost.train({"max_depth": 3}, data, num_boost_round=5)
    return _save(folder, mlflow.xgboost, model, numbers(), model.predict(data))


def lightgbm_regressor(folder: Path) -> Saved:
    import lightgbm
    import mlflow.lightgbm

    model = lightgbm.LGBMRegressor(n_estimators=5, verbose=-1).fit(numbers(), target(numbers()))
    return _save(folder, mlflow.lightgbm, model, numbers(), model.predict(numbers()))


def lightgbm_classifier(folder: Path) -> Saved:
    import lightgbm
    import mlflow.lightgbm

    y = pd.qcut(target(numbers()), 3, labels=["low", "middle", "high"]).astype(str)
    model = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1).fit(numbers(), y)
    return _save(folder, mlflow.lightgbm, model, numbers(), model.predict(numbers()))


def lightgbm_booster_with_nulls(folder: Path) -> Saved:
    import lightgbm
    import mlflow.lightgbm

    table = numbers(missing=True)
    data = lightgbm.Dataset(table, target(table))
    model = lightgbm.train({"verbose": -1}, data, num_boost_round=5)
    return _save(folder, mlflow.lightgbm, model, table, model.predict(table))


def _onnx(folder: Path, data: Any) -> Saved:
    import mlflow.onnx
    import skl2onnx
    from sklearn.linear_model import Ridge

    plain = numbers().to_numpy(np.float32)
    ridge = Ridge().fit(plain, target(numbers()))
    model = skl2onnx.to_onnx(ridge, plain[:1])
    return _save(folder, mlflow.onnx, model, data, ridge.predict(plain))


def categories() -> pd.DataFrame:
    """Return a table with columns of pandas' dtype ``category``, one of them with nulls."""
    generator = np.random.default_rng(12)
    towns = pd.Categorical(generator.choice(["Oslo", "Bern", "Rome"], 120),
                           categories=["Rome", "Bern", "Oslo", "Lima"])  # fmt: skip
    table = numbers().assign(town=towns, size=pd.Categorical(generator.integers(1, 4, 120)))
    table.loc[::9, "town"] = None
    return table


def _categorical(folder: Path, model: Any) -> Saved:
    from labline.tracking import models

    table = categories()
    y = table["a"] + table["town"].cat.codes * 2.0 + table["size"].cat.codes
    models.save(model.fit(table, y), folder, example=table, requirements=[])
    return Saved(folder, table, native=True)


def lightgbm_of_categories(folder: Path) -> Saved:
    import lightgbm

    return _categorical(folder, lightgbm.LGBMRegressor(n_estimators=5, verbose=-1))


def xgboost_of_categories(folder: Path) -> Saved:
    import xgboost

    return _categorical(folder, xgboost.XGBRegressor(n_estimators=5, enable_categorical=True))


def boosting_of_categories(folder: Path) -> Saved:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return _categorical(folder, HistGradientBoostingRegressor(max_iter=5))


def onnx_of_columns(folder: Path) -> Saved:
    return _onnx(folder, numbers())


def onnx_of_arrays(folder: Path) -> Saved:
    return _onnx(folder, numbers().to_numpy(np.float32))


def _python(folder: Path, predict: Callable[..., Any], data: Any) -> Saved:
    import mlflow.pyfunc

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow asks for type hints
        model = type("Model", (mlflow.pyfunc.PythonModel,), {"predict": predict})()
        said = model.predict(None, data)
        signature = mlflow.models.infer_signature(data, said)
        mlflow.pyfunc.save_model(
            str(folder), python_model=model, signature=signature, pip_requirements=[]
        )
    return Saved(folder, data)


def python_with_a_table_out(folder: Path) -> Saved:
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        age = model_input["age"]
        return model_input[["sex", "booked"]].assign(age=age.fillna(age.mean()), known=age.notna())

    return _python(folder, predict, passengers(40))


def python_that_looks_at_types(folder: Path) -> Saved:
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        return [",".join(f"{name}:{model_input[name].dtype}" for name in model_input)] * len(
            model_input
        )

    return _python(folder, predict, passengers(40))


def python_of_lists_and_objects(folder: Path) -> Saved:
    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
        places = model_input["place"]
        return [
            {"sum": sum(basket), "at": place["town"], "tags": [tag["name"] for tag in tags]}
            for basket, place, tags in zip(
                model_input["basket"], places, model_input["tags"], strict=True
            )
        ]

    data = pd.DataFrame(
        {
            "basket": [[1.5, 2.0], [], [0.1, 0.2, 0.3]],
            "place": [{"town": "Oslo", "floor": 2}, {"town": "Bern"}, {"town": "", "floor": -1}],
            "tags": [[{"name": "a"}], [], [{"name": "b"}, {"name": "c"}]],
        }
    )
    return _python(folder, predict, data)


MODELS: list[Callable[[Path], Saved]] = [
    ridge, several_outputs, forest_of_words, boosting_with_nulls, mixed_pipeline, counts_and_flags,
    xgboost_regressor, xgboost_classifier_with_nulls, xgboost_booster, lightgbm_regressor,
    lightgbm_classifier, lightgbm_booster_with_nulls, onnx_of_columns, onnx_of_arrays,
    lightgbm_of_categories, xgboost_of_categories, boosting_of_categories,
    python_with_a_table_out, python_that_looks_at_types, python_of_lists_and_objects,
]  # fmt: skip
