"""B5: log a scikit-learn model with signature and input example."""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from run import Row, median

IDS = ["B5"]


def rows() -> list[Row]:
    """Compare ``%log --model``'s work with ``mlflow.sklearn.log_model`` as it comes."""
    import mlflow
    from mlflow.models import infer_signature
    from sklearn.linear_model import Ridge

    from labline.tracking import Tracking, models

    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    table = pd.DataFrame(np.random.default_rng(0).random((100, 10)), columns=list("abcdefghij"))
    model = Ridge().fit(table, table["a"])
    with tempfile.TemporaryDirectory() as folder:
        tracking = Tracking(f"sqlite:///{folder}/mlflow.db", Path(folder, "artifacts"))
        run = tracking.create_run("bench")
        mlflow.set_experiment("bench")
        saved = iter(range(1000))

        def ours() -> None:
            place = Path(folder, str(next(saved)), "model")
            models.save(model, place, example=table, requirements=["scikit-learn", "pandas"])
            tracking.attach_model(run.id, place)

        def peer() -> None:
            with mlflow.start_run():
                mlflow.sklearn.log_model(
                    model,
                    name="model",
                    signature=infer_signature(table, model.predict(table)),
                    input_example=table.head(5),
                )

        theirs, mine = median(peer, times=2, warm=0), median(ours)
    ratio = theirs / mine
    return [Row("B5", "log a model", mine, theirs, ratio, ">= 30x faster", ratio >= 30, "s")]
