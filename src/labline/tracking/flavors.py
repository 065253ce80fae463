"""The kinds of models that labline saves: how each is called, and what it predicts.

Predictions are made as MLflow's pyfunc makes them, so that what is recorded with a model is what
its service will answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labline.errors import BadInput


def _predict(model: Any, rows: Any) -> Any:
    return model.predict(rows)


@dataclass(frozen=True)
class Flavor:
    """One of MLflow's flavors."""

    name: str
    #: argument of its ``save_model`` that takes the model
    argument: str
    predict: Callable[[Any, Any], Any] = _predict
    #: further arguments
    options: Mapping[str, Any] = field(default_factory=dict)


def flavor_of(model: Any) -> Flavor:
    """Return the flavor that saves `model`.

    Raises
    ------
    BadInput
        labline knows none.
    """
    import mlflow

    if isinstance(model, mlflow.pyfunc.PythonModel):
        return _PYFUNC
    for base in type(model).__mro__:
        package = base.__module__.partition(".")[0]
        if package in _BY_PACKAGE:
            return _BY_PACKAGE[package]
    raise BadInput(
        f"labline cannot save a {type(model).__module__}.{type(model).__name__} as a model.",
        fix="Use scikit-learn, XGBoost, LightGBM, ONNX or PyTorch, or wrap it in "
        "mlflow.pyfunc.PythonModel.",
    )


def _pyfunc(model: Any, rows: Any) -> Any:
    return model.predict(None, rows)


def _xgboost(model: Any, rows: Any) -> Any:
    import xgboost

    native = isinstance(model, xgboost.Booster)
    return model.predict(xgboost.DMatrix(rows) if native else rows)


def _onnx(model: Any, rows: Any) -> Any:
    """Return what the graph gives: a table for a table, else its outputs by name."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    inputs = session.get_inputs()
    several = len(inputs) > 1 and hasattr(rows, "columns")
    feeds = {one.name: _tensor(rows[one.name] if several else rows, one.type) for one in inputs}
    names = [one.name for one in session.get_outputs()]
    outputs = dict(zip(names, session.run(names, feeds), strict=True))
    if not hasattr(rows, "columns"):
        return outputs
    import numpy as np
    import pandas as pd

    return pd.DataFrame({name: np.asarray(values).reshape(-1) for name, values in outputs.items()})


def _tensor(rows: Any, kind: str) -> Any:
    import numpy as np

    values = rows.to_numpy() if hasattr(rows, "to_numpy") else np.asarray(rows)
    short = kind == "tensor(float)" and values.dtype == np.float64
    return values.astype(np.float32) if short else values


def _torch(model: Any, rows: Any) -> Any:
    """Return what the module gives when it does not learn: a table for a table."""
    import numpy as np
    import torch

    is_table = hasattr(rows, "columns")
    values = rows.to_numpy(dtype=np.float32) if is_table else np.asarray(rows)
    first = next(model.parameters(), None)
    place = "cpu" if first is None else first.device
    learned = model.training
    model.eval()
    try:
        with torch.no_grad():
            given = model(torch.from_numpy(values).to(place)).cpu().numpy()
    finally:
        model.train(learned)
    if not is_table:
        return given
    import pandas as pd

    return pd.DataFrame(given, index=rows.index)


_PYFUNC = Flavor("pyfunc", "python_model", _pyfunc)
# MLflow's defaults for scikit-learn and PyTorch refuse types that they do not know, or want an
# example in the very shape that the module takes: labline checks digests instead.
_BY_PACKAGE = {
    "sklearn": Flavor("sklearn", "sk_model", options={"serialization_format": "cloudpickle"}),
    "xgboost": Flavor("xgboost", "xgb_model", _xgboost),
    "lightgbm": Flavor("lightgbm", "lgb_model"),
    "onnx": Flavor("onnx", "onnx_model", _onnx),
    "torch": Flavor("pytorch", "pytorch_model", _torch, {"serialization_format": "pickle"}),
}
