"""B3: one-row predict over HTTP; B4: a thousand rows. Ours, through the gateway too, and peers."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import peers
from load import Load, drive, post
from run import Row

IDS = ["B3", "B4"]
COLUMNS = list("abcdefghij")
ARROW = "application/vnd.apache.arrow.stream"
#: each server is asked so often, in turn: what else the machine does then meets all alike
ROUNDS = 11
#: seconds that it is asked for, each time
TURN = 0.8
#: seconds after all were asked: what they have left to do is not to meet the first again
REST = 1.0
#: seconds after which the gateway knows how many requests come, and how many it may trace
SETTLED = 4.5
COLLECTOR = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            while size := int(self.rfile.readline(), 16):
                self.rfile.read(size + 2)
            self.rfile.readline()
        else:
            self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = lambda self: (self.send_response(200), self.end_headers())
    log_message = lambda self, *_: None

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Collector).serve_forever()
"""


Turns = list[Load]


@dataclass(frozen=True)
class Asked:
    """A request to one of the servers."""

    port: int
    path: str
    body: bytes
    kind: str = "application/json"
    key: str = ""
    #: seconds that it is asked for before it counts
    warm: float = 0.2

    def drive(self, connections: int, seconds: float) -> Load:
        """Ask on, and return how it went."""
        headers = f"Authorization: Bearer {self.key}\r\n" if self.key else ""
        request = post(self.path, self.body, kind=self.kind, headers=headers)
        return drive(self.port, [request], connections=connections, seconds=seconds, warm=self.warm)


@dataclass(frozen=True)
class Alone:
    """A model in this process, asked without a service."""

    model: Any
    table: np.ndarray[Any, Any]

    def drive(self, connections: int, seconds: float) -> Load:
        """Ask on, as :meth:`Asked.drive` does; it takes as many connections as a call has: one."""
        assert connections == 1
        taken, until = [], time.perf_counter() + seconds
        while (began := time.perf_counter()) < until:
            self.model.predict(self.table)
            taken.append(time.perf_counter() - began)
        taken.sort()
        middle, last = taken[len(taken) // 2], taken[int(len(taken) * 0.99)]
        return Load(len(taken) / seconds, last, middle, 0)


@dataclass(frozen=True)
class Ours:
    """A project with an endpoint for each model."""

    #: of the instance, by endpoint
    ports: Mapping[str, int]
    keys: Mapping[str, str]
    gateway: int


def rows() -> list[Row]:
    """Serve a small and a large model in every way, and drive each with the same rows."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        models, table = _models(folder)
        collector = stack.enter_context(_collector())
        watched = f'[telemetry]\notlp = "http://127.0.0.1:{collector}"\n'
        mlflow = stack.enter_context(peers.mlflow(folder / "ridge"))
        bare = {name: stack.enter_context(peers.bare(folder / name)) for name in models}
        ours = stack.enter_context(_ours(folder, [*models]))
        told = stack.enter_context(_ours(folder, ["ridge"], watched))
        kept = stack.enter_context(_ours(folder, ["ridge"], "[monitor]\ncapture = true\n"))
        few = table.head(1)
        one = _in_turn(_one_row(few, mlflow, bare["ridge"], ours, kept, told), 8)
        alone = {f"alone {name}": Alone(model, table.to_numpy()) for name, model in models.items()}
        many = _in_turn(_many_rows(table, mlflow, bare, ours) | alone, 1)
    return [*_b3(one), *_b4(many)]


def _one_row(
    table: pd.DataFrame, mlflow: int, bare: int, ours: Ours, kept: Ours, told: Ours
) -> dict[str, Any]:
    body = _json(table)
    return {
        "mlflow": Asked(mlflow, "/invocations", _split(table)),
        "bare": Asked(bare, "/predict", body),
        "ours": Asked(ours.ports["ridge"], "/predict", body),
        "gateway": Asked(ours.gateway, "/ridge/predict", body, key=ours.keys["ridge"]),
        "kept": Asked(kept.ports["ridge"], "/predict", body),
        # Last, for they go on sending telemetry after their turn.
        "told": Asked(told.ports["ridge"], "/predict", body),
        "gateway told": Asked(
            told.gateway, "/ridge/predict", body, key=told.keys["ridge"], warm=SETTLED
        ),
    }


def _many_rows(
    table: pd.DataFrame, mlflow: int, bare: Mapping[str, int], ours: Ours
) -> dict[str, Any]:
    asked = {"mlflow": Asked(mlflow, "/invocations", _split(table))}
    for name in bare:
        asked |= {
            f"bare {name} JSON": Asked(bare[name], "/predict", _json(table)),
            f"bare {name} Arrow": Asked(bare[name], "/arrow", _stream(table), ARROW),
            f"ours {name} JSON": Asked(ours.ports[name], "/predict", _json(table)),
            f"ours {name} Arrow": Asked(ours.ports[name], "/predict", _stream(table), ARROW),
        }
    return asked


def _in_turn(asked: Mapping[str, Asked | Alone], connections: int) -> dict[str, Turns]:
    """Drive each several times, one after the other, and return what came of it each time."""
    for each in asked.values():
        each.drive(connections, 1.0)
    rounds = []
    for _ in range(ROUNDS):
        rounds.append({name: each.drive(connections, TURN) for name, each in asked.items()})
        time.sleep(REST)
    return {name: [loads[name] for loads in rounds] for name in asked}


def _middle(turns: Turns, field: str) -> float:
    return statistics.median(getattr(load, field) for load in turns)


def _ratio(ours: Turns, peer: Turns, field: str) -> float:
    """Return the middle of the ratios: those of one round met the same machine."""
    return statistics.median(
        getattr(one, field) / getattr(other, field) for one, other in zip(ours, peer, strict=True)
    )


def _b3(one: Mapping[str, Turns]) -> list[Row]:
    return [
        _rate("B3", "1 row, / mlflow", one["ours"], one["mlflow"], 6),
        _rate("B3", "1 row, / bare", one["ours"], one["bare"], 0.33),
        _rate("B3", "1 row, gateway / direct", one["gateway"], one["ours"], 0.9),
        _time("B3", "1 row, p99 / mlflow", one["ours"], one["mlflow"], 0.2, "p99"),
        _rate("B3", "1 row, telemetry on / off", one["told"], one["ours"], 0.8),
        _rate("B3", "1 row, prediction log on / off", one["kept"], one["ours"], 0.95),
        _rate("B3", "1 row, gateway, telemetry on / off", one["gateway told"], one["gateway"], 0.7),
    ]


def _b4(many: Mapping[str, Turns]) -> list[Row]:
    found = []
    for form in ("JSON", "Arrow"):
        ridge, forest = many[f"ours ridge {form}"], many[f"ours forest {form}"]
        name, floor = f"1,000 rows, {form}", many[f"bare ridge {form}"]
        found += [
            _rate("B4", f"{name}, / mlflow", ridge, many["mlflow"], 3),
            _time("B4", f"{name}, ridge, p50 / bare", ridge, floor, 1.2),
            _time("B4", f"{name}, forest, p50 / predict", forest, many["alone forest"], 1.5),
            _above("B4", f"{name}, ridge, p50 / predict", ridge, floor, many["alone ridge"], 1.2),
        ]
    return found


def _rate(id: str, name: str, ours: Turns, peer: Turns, least: float) -> Row:
    ratio = _ratio(ours, peer, "rate")
    rates = _middle(ours, "rate"), _middle(peer, "rate")
    return Row(id, name, *rates, ratio, f">= {least:g}", ratio >= least, "req/s")


def _time(id: str, name: str, ours: Turns, peer: Turns, most: float, field: str = "p50") -> Row:
    ratio = _ratio(ours, peer, field)
    times = _middle(ours, field) * 1e3, _middle(peer, field) * 1e3
    return Row(id, name, *times, ratio, f"<= {most:.3g}", ratio <= most, "ms")


def _above(id: str, name: str, ours: Turns, floor: Turns, alone: Turns, most: float) -> Row:
    """Return how often `ours` takes what a model takes alone, where no service can take as little.

    The least that one takes, `floor`, is what it is held to.
    """
    least = _ratio(floor, alone, "p50")
    ratio = least * _ratio(ours, floor, "p50")
    times = _middle(ours, "p50") * 1e3, _middle(alone, "p50") * 1e3
    return Row(id, name, *times, ratio, f"<= {most * least:.3g}", ratio <= most * least, "ms")


def _json(table: pd.DataFrame) -> bytes:
    return orjson.dumps({"rows": table.to_dict("records")})


def _split(table: pd.DataFrame) -> bytes:
    return orjson.dumps({"dataframe_split": table.to_dict("split", index=False)})


def _stream(table: pd.DataFrame) -> bytes:
    import pyarrow as pa

    made = pa.Table.from_pandas(table, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, made.schema) as writer:
        writer.write_table(made)
    return bytes(sink.getvalue())


def _models(folder: Path) -> tuple[dict[str, Any], pd.DataFrame]:
    """Save a model that takes no time and one that takes some; return both, fitted on arrays."""
    from sklearn.ensemble import RandomForestRegressor
    from sklearn.linear_model import Ridge

    from labline.tracking import models

    table = pd.DataFrame(np.random.default_rng(0).random((1000, 10)), columns=COLUMNS)
    versions = [f"{name}=={version(name)}" for name in ("scikit-learn", "pandas", "numpy")]
    made: dict[str, Any] = {"ridge": Ridge(), "forest": RandomForestRegressor(random_state=0)}
    fitted = {}
    for name, model in made.items():
        models.save(model.fit(table, table["a"]), folder / name, example=table,
                    requirements=versions)  # fmt: skip
        fitted[name] = type(model)(**model.get_params()).fit(table.to_numpy(), table["a"])
    return fitted, table


@contextmanager
def _collector() -> Iterator[int]:
    """Take telemetry as a collector does, in a process of its own; yield its port."""
    import sys

    port = peers.free_port()
    with peers.running([sys.executable, "-c", COLLECTOR, str(port)], port, "/"):
        yield port


@contextmanager
def _ours(folder: Path, names: list[str], more: str = "") -> Iterator[Ours]:
    """Deploy as ``labline deploy`` does, in a project of its own."""
    from labline.lab import Lab, Order

    root = Path(tempfile.mkdtemp(dir=folder))
    gateway = peers.free_port()
    text = f'[project]\nname = "bench"\n[gateway]\nport = {gateway}\n{more}'
    (root / "labline.toml").write_text(text)
    lab = Lab.from_(root)
    lab.platform.up()
    try:
        made = {}
        for name in names:
            run = lab.tracking.create_run("bench")
            lab.tracking.attach_model(run.id, folder / name)
            lab.tracking.end_run(run.id)
            lab.tracking.registry.register(name, run.id)
            made[name] = lab.serving.deploy(Order(name, environment="current"))
        ports = {name: each.release.ports[0] for name, each in made.items()}
        yield Ours(ports, {name: str(each.key) for name, each in made.items()}, gateway)
    finally:
        lab.platform.down()
