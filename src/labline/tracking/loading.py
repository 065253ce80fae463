"""A model's files become something that predicts, if they are the files that were registered."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from labline.tracking.models import digest
from labline.tracking.registry import ModelAltered

#: a DataFrame whose columns have the signature's types -> what the model gives for its rows
Predict = Callable[[Any], Any]


@lru_cache(maxsize=1)
def load(folder: Path, expected: str) -> Predict:
    """Return how the model in `folder` predicts; a process that asks again gets the same.

    Parameters
    ----------
    expected
        SHA-256 of its files; unpickling a model runs its code.

    Raises
    ------
    ModelAltered
        The files are others.
    """
    if (found := digest(folder)) != expected:
        raise ModelAltered(
            f"The model in {folder} is not loaded: its digest is {found[:12]}, registered was "
            f"{expected[:12]}.",
            fix="Train and register the model again.",
        )
    import mlflow.pyfunc

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _typed(mlflow.pyfunc.load_model(str(folder)))


def _typed(model: Any) -> Predict:
    """Return the way to the model for rows that are typed already.

    MLflow's own ``predict`` would check them against the signature a second time, and copy them.
    ``_model_impl`` is MLflow's stable developer API for the model below it.
    """
    meta = model.metadata
    by_hints = meta._is_signature_from_type_hint() or meta._is_type_hint_from_example()
    if meta.get_params_schema() is not None or by_hints:
        checked: Predict = model.predict
        return checked
    name = meta.flavors["python_function"].get("predict_fn", "predict")
    predict: Predict = getattr(model._model_impl, name)
    return predict
