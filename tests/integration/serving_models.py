"""Models, exports and booted instances for the tests of serving."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
from tests.ports import free_port

from labline.deployment import listens
from labline.records import Bento, ModelVersion
from labline.serving import boot_command
from labline.settings import Settings

JSON = {"content-type": "application/json"}


def passengers(rows: int = 300) -> pd.DataFrame:
    """Return a table of mixed types with missing values."""
    generator = np.random.default_rng(5)
    table = pd.DataFrame(
        {
            "class": generator.integers(1, 4, rows),
            "sex": generator.choice(["male", "female"], rows),
            "age": generator.normal(30, 12, rows).round(1),
            "fare": generator.exponential(30, rows),
            "port": generator.choice(["S", "C", "Q"], rows),
            "alone": generator.random(rows) < 0.5,
            "booked": pd.Timestamp(1912, 1, 1)
            + pd.to_timedelta(generator.integers(0, 99, rows), "D"),
        }
    )
    table.loc[generator.random(rows) < 0.2, "age"] = np.nan
    table.loc[generator.random(rows) < 0.1, "port"] = None
    return table


def pipeline(table: pd.DataFrame) -> Any:
    """Return a fitted scikit-learn pipeline over all of the columns but the date."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    words = make_pipeline(
        SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
    )
    columns = make_column_transformer(
        (numbers, ["class", "age", "fare"]), (words, ["sex", "port", "alone"])
    )
    survived = (table["sex"] == "female") ^ (table["age"].fillna(30) > 50)
    return make_pipeline(columns, LogisticRegression()).fit(table, survived)


def save(flavor: str, path: Path, model: Any, example: pd.DataFrame, **options: Any) -> Path:
    """Save a model with signature and example, with what is installed here as requirements."""
    import mlflow

    pinned = [f"{name}=={_version(name)}" for name in ("mlflow", "scikit-learn", "pandas", "numpy")]
    if flavor == "sklearn":
        predicted = model.predict(example)
        options |= {"sk_model": model, "serialization_format": "cloudpickle"}
    else:
        predicted = model.predict(None, example)
        options |= {"python_model": model}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        getattr(mlflow, flavor).save_model(
            path=str(path),
            signature=mlflow.models.infer_signature(example, predicted),
            input_example=example.head(3),
            **{"pip_requirements": pinned, **options},
        )
    return path


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)


def version_of(name: str, version: int = 3) -> ModelVersion:
    """Return the record of a registered version, without a registry."""
    return ModelVersion(name, version, f"run-{name}", f"models:/m-{name}", (), 0.0)


@dataclass(frozen=True)
class Instance:
    """A process that serves a Bento."""

    client: httpx.Client
    process: subprocess.Popen[bytes]
    log: Path

    def predict(self, body: Any) -> httpx.Response:
        """POST a body, as JSON unless it is bytes."""
        if isinstance(body, bytes):
            return self.client.post("/predict", content=body, headers=JSON)
        return self.client.post("/predict", json=body)


@contextmanager
def booted(bento: Bento, folder: Path, python: Path = Path(sys.executable)) -> Iterator[Instance]:
    """Boot a Bento by its command and wait until it is ready."""
    port = free_port()
    command = boot_command(bento, python, port)
    with running(command.argv, command.env, command.cwd, port, folder) as instance:
        yield instance


@contextmanager
def running(
    argv: Any, env: Any, cwd: Any, port: int, folder: Path, timeout: float = 180
) -> Iterator[Instance]:
    """Run a server and wait until it is ready; it is ended afterwards."""
    log = folder / f"{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            argv, env={**os.environ, **env}, cwd=cwd, stdout=out, stderr=subprocess.STDOUT
        )
    client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30)
    try:
        _await_ready(client, process, port, log, time.monotonic() + timeout)
        yield Instance(client, process, log)
    finally:
        client.close()
        process.terminate()
        process.wait(60)


def _await_ready(client: httpx.Client, process: Any, port: int, log: Path, deadline: float) -> None:
    while True:
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        try:
            if client.get("/readyz").status_code == 200 and listens(process.pid, port):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)


def project(root: Path, toml: str = "") -> Settings:
    """Return the settings of a new project."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "labline.toml").write_text(toml)
    return Settings.load(root)
