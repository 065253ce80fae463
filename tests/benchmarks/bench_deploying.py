"""B7: from ``%promote`` to live traffic, gates excluded, against BentoML by hand: build and serve.

The environment is there already on both sides. While ours is swapped in, 8 connections ask on:
a failed request misses the target.
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import psutil
from load import Load, drive, post
from run import Row

IDS = ["B7"]
TIMES = 3
COLUMNS = [f"c{number}" for number in range(10)]
POLICY = """
[project]
name = "bench"

[gateway]
port = {port}

[stages.prod]
gates = []
"""
BY_HAND = """
import bentoml
import mlflow.pyfunc
import pandas as pd

@bentoml.service
class Bench:
    model = bentoml.models.BentoModel("bench:latest")

    def __init__(self) -> None:
        self.predictor = mlflow.pyfunc.load_model(self.model.path_of("mlflow_model"))

    @bentoml.api
    def predict(self, rows: list[dict[str, float]]) -> list[float]:
        return self.predictor.predict(pd.DataFrame(rows)).tolist()
"""


def rows() -> list[Row]:
    """Measure both, in turns that neither profits from."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table = _model(folder / "model")
        with _project(folder) as lab:
            mine, failed = _ours(lab, folder / "model", table)
        peer = _by_hand(folder)
    ratio = mine / peer
    return [
        Row("B7", "promote to live / BentoML by hand", mine, peer, ratio, "<= 1.3", ratio <= 1.3,
            "s"),
        Row("B7", "requests failed during the swaps", failed, None, None, "0", failed == 0, ""),
    ]  # fmt: skip


def _model(folder: Path) -> pd.DataFrame:
    from importlib.metadata import version

    from sklearn.linear_model import Ridge

    from labline.tracking import models

    table = pd.DataFrame(np.random.default_rng(0).random((100, 10)), columns=COLUMNS)
    pins = [f"{name}=={version(name)}" for name in ("scikit-learn", "pandas", "numpy")]
    models.save(Ridge().fit(table, table["c0"]), folder, example=table, requirements=pins)
    return table


# -- ours ------------------------------------------------------------------------------------


@contextmanager
def _project(folder: Path) -> Iterator[Any]:
    from labline.lab import Lab

    root = folder / "project"
    root.mkdir()
    (root / "labline.toml").write_text(POLICY.format(port=_port()))
    lab = Lab.from_(root)
    lab.platform.up()
    try:
        yield lab
    finally:
        lab.platform.down()


def _ours(lab: Any, model: Path, table: pd.DataFrame) -> tuple[float, int]:
    """Return the median seconds from promoting to live, and the requests that failed meanwhile."""
    _, key = _live(lab, model)
    body = orjson.dumps({"rows": table.head(1).to_dict("records")})
    taken, failed = [], 0
    with ThreadPoolExecutor(1) as pool:
        for _ in range(TIMES):
            quiet, _ = _live(lab, model)
            taken.append(quiet)
            asking = pool.submit(_ask, lab.settings.gateway.port, body, str(key))
            _live(lab, model)
            failed += asking.result().failed
    return statistics.median(taken), failed


def _live(lab: Any, model: Path) -> tuple[float, str | None]:
    from labline.lab import Order

    run = lab.tracking.create_run("bench")
    lab.tracking.attach_model(run.id, model)
    lab.tracking.end_run(run.id)
    began = time.perf_counter()
    promotion = lab.promote(run.id, to="prod", model="bench")
    assert promotion.promoted
    deployment = lab.serving.deploy(Order("bench@prod", environment="current"))
    return time.perf_counter() - began, deployment.key


def _ask(port: int, body: bytes, key: str) -> Load:
    headers = f"Authorization: Bearer {key}\r\n"
    return drive(port, [post("/bench/predict", body, headers=headers)], seconds=20)


# -- by hand ---------------------------------------------------------------------------------


def _by_hand(folder: Path) -> float:
    """Return the median seconds of building and serving with BentoML alone."""
    project = folder / "by-hand"
    project.mkdir()
    (project / "service.py").write_text(BY_HAND)
    store = folder / "store"
    environment = {
        **os.environ,
        "BENTOML_HOME": str(store),
        "BENTOML_DO_NOT_TRACK": "1",
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
    }
    # In one process: starting a second one is no work of BentoML's.
    build = (
        "import bentoml; "
        f"bentoml.mlflow.import_model('bench', {str(folder / 'model')!r}); "
        "bentoml.bentos.build('service:Bench', include=['service.py'])"
    )
    taken = []
    for _ in range(TIMES + 1):
        shutil.rmtree(store, ignore_errors=True)
        began = time.perf_counter()
        argv = [sys.executable, "-c", build]
        subprocess.run(argv, cwd=project, env=environment, check=True, capture_output=True)
        port = _port()
        serve = [sys.executable, "-m", "bentoml", "serve", "bench:latest"]
        serve += ["--host", "127.0.0.1", "--port", str(port)]
        with _running(serve, project, environment, port):
            taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


@contextmanager
def _running(
    command: list[str], folder: Path, environment: dict[str, str], port: int
) -> Iterator[None]:
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await(f"http://127.0.0.1:{port}/readyz", process)
        yield
    finally:
        family = [*psutil.Process(process.pid).children(recursive=True), process]
        for member in family:
            member.terminate()
        process.wait(30)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.05)


def _port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
