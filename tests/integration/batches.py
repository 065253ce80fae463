"""A project with a registered model, and files for it to score."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from labline.lab import Lab
from labline.tracking import models

POLICY = '[project]\nname = "sums"\n'


def table(rows: int = 100) -> pd.DataFrame:
    """Return rows of two columns that the model takes, and of their numbers."""
    generator = np.random.default_rng(3)
    return pd.DataFrame(
        {"id": range(rows), "a": generator.random(rows), "b": generator.random(rows)}
    )


def open_lab(root: Path, model: Any = None) -> Lab:
    """Return a project whose model ``sums`` has one version, a ridge regression by default."""
    from sklearn.linear_model import Ridge

    root.mkdir(parents=True, exist_ok=True)
    (root / "labline.toml").write_text(POLICY)
    lab, rows = Lab.from_(root), table()[["a", "b"]]
    made = model or Ridge().fit(rows, rows.sum(axis=1))
    run = lab.tracking.create_run("sums")
    models.save(made, root / "model", example=rows, requirements=["scikit-learn"])
    lab.tracking.attach_model(run.id, root / "model")
    lab.tracking.end_run(run.id)
    lab.tracking.registry.register("sums", run.id)
    return lab


def expected(lab: Lab, rows: pd.DataFrame) -> Any:
    """Return what the model says of rows without any of labline."""
    import mlflow.sklearn

    folder = lab.tracking.registry.fetch(lab.version("sums"))
    return mlflow.sklearn.load_model(str(folder)).predict(rows[["a", "b"]])
