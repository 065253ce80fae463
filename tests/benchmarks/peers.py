"""What serves a model beside ours: ``mlflow models serve``, and as little as a service can be."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: what a skilled hand writes who needs no more than this one model
BARE = """
import sys
import mlflow.pyfunc, numpy as np, orjson, pyarrow as pa, uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
NAMES = "abcdefghij"
model = mlflow.pyfunc.load_model(sys.argv[1]).get_raw_model()

async def predict(request):
    rows = orjson.loads(await request.body())["rows"]
    table = np.array([[row[name] for name in NAMES] for row in rows])
    answer = {"predictions": model.predict(table)}
    return Response(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY))

async def arrow(request):
    table = pa.ipc.open_stream(await request.body()).read_all()
    matrix = np.array([table[name].to_numpy() for name in NAMES]).T
    batch = pa.record_batch({"prediction": model.predict(matrix)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return Response(sink.getvalue().to_pybytes())

async def ready(request):
    return Response(b"ok")

routes = [Route("/predict", predict, methods=["POST"]), Route("/arrow", arrow, methods=["POST"])]
app = Starlette(routes=[*routes, Route("/readyz", ready)])
uvicorn.run(app, port=int(sys.argv[2]), log_level="error")
"""


@contextmanager
def mlflow(model: Path) -> Iterator[int]:
    """Serve a saved model with MLflow; yield the port, its path is /invocations."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", str(model)]
    with running([*command, "-p", str(port), "--env-manager", "local"], port, "/ping"):
        yield port


@contextmanager
def bare(model: Path) -> Iterator[int]:
    """Serve a saved model with Starlette alone; yield the port: /predict, and /arrow for Arrow."""
    port = free_port()
    with running([sys.executable, "-c", BARE, str(model), str(port)], port, "/readyz"):
        yield port


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, ready: str) -> Iterator[None]:
    """Run a server and wait until it answers; it is ended with all that it started."""
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
