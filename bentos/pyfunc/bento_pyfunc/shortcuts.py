"""The short ways through a model: from a bare matrix of doubles, without a DataFrame.

MLflow's wrappers take a DataFrame, whose making and taking apart costs more than a small model's
own work. Each flavor says here how its model takes the matrix itself; whether it then says the
same, bit for bit, is tried out on the example before a short way is used.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

Matrix = np.ndarray[Any, Any]
Bare = Callable[[Matrix], Any]


def bare(model: Any, names: list[str]) -> dict[str, Bare]:
    """Return how to ask for ``predict`` (and ``predict_proba``) with a matrix; may be empty.

    Parameters
    ----------
    model
        The loaded ``mlflow.pyfunc.PyFuncModel``.
    names
        Columns of the signature, the matrix's in this order.
    """
    flavor = model.metadata.flavors["python_function"]
    finder = _FINDERS.get(flavor.get("loader_module"))
    if finder is None or flavor.get("predict_fn", "predict") != "predict":
        return {}
    # Said of every matrix; the names are compared once and for all.
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    return finder(model, names)


def probabilities(model: Any) -> tuple[list[Any], Callable[[Any], Any]] | None:
    """Return the classes and ``predict_proba`` of a classifier that has them."""
    flavor = model.metadata.flavors["python_function"]
    if flavor.get("loader_module") not in _CLASSIFIERS:
        return None
    estimator = model.get_raw_model()
    classes = getattr(estimator, "classes_", None)
    # A list of arrays: an output of several columns, each with classes of its own.
    if not isinstance(classes, np.ndarray) or not hasattr(estimator, "predict_proba"):
        return None
    return classes.tolist(), estimator.predict_proba


def _estimator(model: Any, names: list[str]) -> dict[str, Bare]:
    """Return the verbs of an estimator that was fitted on these columns in this order."""
    estimator = model.get_raw_model()
    if not _own(estimator) or list(getattr(estimator, "feature_names_in_", ())) != names:
        return {}
    return {
        verb: getattr(estimator, verb)
        for verb in ("predict", "predict_proba")
        if hasattr(estimator, verb)
    }


def _own(estimator: Any) -> bool:
    # A user's own class may look at names, or do anything else.
    return type(estimator).__module__.partition(".")[0] in ("sklearn", "xgboost", "lightgbm")


def _xgboost(model: Any, names: list[str]) -> dict[str, Bare]:
    booster = model.get_raw_model()
    if type(booster).__name__ != "Booster":
        return _estimator(model, names)
    return {"predict": booster.inplace_predict} if booster.feature_names == names else {}


def _lightgbm(model: Any, names: list[str]) -> dict[str, Bare]:
    booster = model.get_raw_model()
    if type(booster).__name__ != "Booster":
        return _estimator(model, names)
    return {"predict": booster.predict} if booster.feature_name() == names else {}


def _onnx(model: Any, _: list[str]) -> dict[str, Bare]:
    session = model.get_raw_model()
    inputs, outputs = session.get_inputs(), [output.name for output in session.get_outputs()]
    kinds = {"tensor(float)": np.float32, "tensor(double)": np.float64}
    if len(inputs) != 1 or inputs[0].type not in kinds:
        return {}
    name, kind = inputs[0].name, kinds[inputs[0].type]

    def predict(matrix: Matrix) -> pd.DataFrame:
        said = session.run(outputs, {name: np.ascontiguousarray(matrix, kind)})
        return pd.DataFrame(
            {name: np.asarray(one).reshape(-1) for name, one in zip(outputs, said, strict=True)}
        )

    return {"predict": predict}


_CLASSIFIERS = frozenset({"mlflow.sklearn", "mlflow.xgboost", "mlflow.lightgbm"})
#: module that loads a flavor -> how its models take a matrix
_FINDERS: dict[str, Callable[[Any, list[str]], dict[str, Bare]]] = {
    "mlflow.sklearn": _estimator,
    "mlflow.xgboost": _xgboost,
    "mlflow.lightgbm": _lightgbm,
    "mlflow.onnx": _onnx,
}
