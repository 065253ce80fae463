"""B3: one-row predict over HTTP; B4: a thousand rows. Ours, through the gateway too, and peers."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
from load import Load, drive
from run import Row, median

IDS = ["B3", "B4"]
COLUMNS = list("abcdefghij")
BARE = """
import sys
import mlflow.pyfunc, numpy as np, orjson, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
model = mlflow.pyfunc.load_model(sys.argv[1]).get_raw_model()
async def predict(request):
    rows = orjson.loads(await request.body())["rows"]
    table = np.array([[row[name] for name in "abcdefghij"] for row in rows])
    answer = {"predictions": model.predict(table)}
    return Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY))
async def ready(request):
    return Response(b"ok")
app = Starlette(routes=[Route("/predict", predict, methods=["POST"]), Route("/readyz", ready)])
uvicorn.run(app, port=int(sys.argv[2]), log_level="error")
"""


def rows() -> list[Row]:
    """Serve one ridge regression in every way, and drive each with the same rows."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model, table = _model(folder)
        few, many = table.head(1), table
        found: dict[str, tuple[Load, Load]] = {}
        with _mlflow(folder) as port:
            found["mlflow"] = _both(port, "/invocations", few, many, split=True)
        with _bare(folder) as port:
            found["bare"] = _both(port, "/predict", few, many)
        with _ours(folder) as (port, gateway, key):
            found["ours"] = _both(port, "/predict", few, many)
            found["arrow"] = _both(port, "/predict", few, many, arrow=True)
            header = f"Authorization: Bearer {key}\r\n"
            found["gateway"] = _both(gateway, "/bench/predict", few, many, headers=header)
        kept = _kept(folder, few)
        alone = median(lambda: model.predict(table.to_numpy()), times=50)
    return [*_rows(found, alone), kept]


def _kept(folder: Path, few: pd.DataFrame) -> Row:
    """Return what the prediction log costs: services with and without it, in turn."""
    with (
        _ours(folder, "plain") as (plain, _, _),
        _ours(folder, "kept", "[monitor]\ncapture = true\n") as (logging, _, _),
    ):
        body = orjson.dumps({"rows": few.to_dict("records")})
        turns = [
            (drive(logging, "/predict", body).rate, drive(plain, "/predict", body).rate)
            for _ in range(3)
        ]
    ours, peer = (statistics.median(rates) for rates in zip(*turns, strict=True))
    ratio = ours / peer
    return Row("B3", "1 row, with the log / without", ours, peer, ratio, ">= 0.95", ratio >= 0.95,
               "req/s")  # fmt: skip


def _rows(found: dict[str, tuple[Load, Load]], alone: float) -> list[Row]:
    one = {name: loads[0] for name, loads in found.items()}
    many = {name: loads[1] for name, loads in found.items()}

    def row(id: str, name: str, ours: float, peer: float, at_least: float, unit: str) -> Row:
        ratio = ours / peer
        return Row(id, name, ours, peer, ratio, f">= {at_least:g}", ratio >= at_least, unit)

    tail = one["ours"].p99 / one["mlflow"].p99
    peer = many["mlflow"].rate
    span, arrow = many["ours"].p50 / alone, many["arrow"].p50 / alone
    return [
        row("B3", "1 row, / mlflow", one["ours"].rate, one["mlflow"].rate, 6, "req/s"),
        row("B3", "1 row, / bare", one["ours"].rate, one["bare"].rate, 0.33, "req/s"),
        row("B3", "1 row, gateway / direct", one["gateway"].rate, one["ours"].rate, 0.9, "req/s"),
        Row("B3", "1 row, p99 / mlflow", one["ours"].p99 * 1e3, one["mlflow"].p99 * 1e3, tail,
            "<= 0.2", tail <= 0.2, "ms"),
        row("B4", "1,000 rows, / mlflow", many["ours"].rate, peer, 3, "req/s"),
        Row("B4", "1,000 rows, p50 / predict", many["ours"].p50 * 1e3, alone * 1e3, span,
            "<= 1.5", span <= 1.5, "ms"),
        row("B4", "1,000 rows, Arrow / mlflow", many["arrow"].rate, peer, 3, "req/s"),
        Row("B4", "1,000 rows, Arrow, p50 / predict", many["arrow"].p50 * 1e3, alone * 1e3, arrow,
            "<= 1.5", arrow <= 1.5, "ms"),
    ]  # fmt: skip


def _both(
    port: int,
    path: str,
    few: pd.DataFrame,
    many: pd.DataFrame,
    *,
    split: bool = False,
    headers: str = "",
    arrow: bool = False,
) -> tuple[Load, Load]:
    def body(table: pd.DataFrame) -> bytes:
        if arrow:
            return _stream(table)
        if split:
            return orjson.dumps({"dataframe_split": table.to_dict("split", index=False)})
        return orjson.dumps({"rows": table.to_dict("records")})

    kind = "application/vnd.apache.arrow.stream" if arrow else "application/json"
    return (
        drive(port, path, body(few), headers=headers, kind=kind),
        drive(port, path, body(many), headers=headers, kind=kind, connections=1, seconds=3),
    )


def _stream(table: pd.DataFrame) -> bytes:
    import pyarrow as pa

    made = pa.Table.from_pandas(table, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, made.schema) as writer:
        writer.write_table(made)
    return bytes(sink.getvalue())


def _model(folder: Path) -> tuple[Any, pd.DataFrame]:
    from sklearn.linear_model import Ridge

    from labline.tracking import models

    table = pd.DataFrame(np.random.default_rng(0).random((1000, 10)), columns=COLUMNS)
    model = Ridge().fit(table.to_numpy(), table["a"])
    named = Ridge().fit(table, table["a"])
    versions = [f"{name}=={_version(name)}" for name in ("scikit-learn", "pandas", "numpy")]
    models.save(named, folder / "model", example=table, requirements=versions)
    return model, table


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)


@contextmanager
def _mlflow(folder: Path) -> Iterator[int]:
    port = _port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(folder / "model")]
    command += ["-p", str(port), "--env-manager", "local"]
    with _running(command, port, "/ping"):
        yield port


@contextmanager
def _bare(folder: Path) -> Iterator[int]:
    port = _port()
    with _running([sys.executable, "-c", BARE, str(folder / "model"), str(port)], port, "/readyz"):
        yield port


@contextmanager
def _ours(folder: Path, name: str = "project", policy: str = "") -> Iterator[tuple[int, int, str]]:
    """Deploy as ``labline deploy`` does; yield the instance's port, the gateway's, and a key."""
    from labline.lab import Lab, Order

    root = folder / name
    root.mkdir()
    gateway = _port()
    text = f'[project]\nname = "bench"\n[gateway]\nport = {gateway}\n{policy}'
    (root / "labline.toml").write_text(text)
    lab = Lab.from_(root)
    run = lab.tracking.create_run("bench")
    lab.tracking.attach_model(run.id, folder / "model")
    lab.tracking.end_run(run.id)
    lab.tracking.registry.register("bench", run.id)
    lab.platform.up()
    try:
        deployment = lab.serving.deploy(Order("bench", environment="current"))
        yield deployment.release.ports[0], gateway, str(deployment.key)
    finally:
        lab.platform.down()


def _port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: list[str], port: int, ready: str) -> Iterator[None]:
    # MLflow starts uvicorn by its name.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PATH": path},
        start_new_session=True,
    )
    try:
        _await(f"http://127.0.0.1:{port}{ready}")
        yield
    finally:
        _end(process)


def _await(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _end(process: subprocess.Popen[bytes]) -> None:
    import psutil

    family = [process, *psutil.Process(process.pid).children(recursive=True)]
    for member in family:
        member.terminate()
    process.wait(20)
