"""Traces, metrics and logs reach a real OTLP receiver, from the gateway, a Bento and the worker.

The gateway and the Bento send by HTTPS to one whose certificate is from an authority of its own.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from tests.certificates import make_issued
from tests.integration.serving_models import save, version_of
from tests.otlp import Receiver, plain, receiver
from tests.platforms import WORKER, eventually
from tests.ports import free_port

from labline import telemetry
from labline.database import Database
from labline.deployment import Endpoints, Platform
from labline.errors import Failed
from labline.records import Command
from labline.serving import boot_command, export
from labline.settings import Settings
from labline.workflows import Workflows

TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = "b7ad6b7169203331"
KEY = "a secret of the collector's"
POLICY = """
[project]
name = "flats"
[gateway]
port = {port}
[serving]
boot_timeout = "60s"
[telemetry]
otlp = "{otlp}"
authorities = "ca.pem"
environment = "test"
headers = {{ api-key = "env:COLLECTOR_KEY" }}
every = "1s"
traces_per_second = {most}
"""
#: traces a second that an instance takes part in
MOST = 20
MODEL = """
import logging, mlflow.pyfunc

class Flats(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        logging.getLogger("flats").warning("looking at %d rows", len(model_input))
        if (model_input["rooms"] < 0).any():
            raise RuntimeError("less than nothing")
        return model_input["rooms"] * 2.0
"""


@dataclass(frozen=True)
class Flats:
    """A Bento behind a gateway, and where both send their telemetry."""

    got: Receiver
    client: httpx.Client
    root: Path

    def ask(self, rooms: float, **headers: str) -> httpx.Response:
        body = {"rows": [{"rooms": rooms}]}
        return self.client.post("/flats/predict", json=body, headers=headers)


def model(folder: Path) -> Path:
    """Save a model that logs what it does; its module is imported under a name of its own."""
    import importlib.util

    source = folder / "flats_model.py"
    source.write_text(MODEL)
    spec = importlib.util.spec_from_file_location("flats_model", source)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["flats_model"] = module
    try:
        spec.loader.exec_module(module)
        example = pd.DataFrame({"rooms": [1.0, 2.0]})
        return save("pyfunc", folder / "saved", module.Flats(), example, code_paths=[str(source)])
    finally:
        del sys.modules["flats_model"]


@pytest.fixture(scope="module")
def flats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flats]:
    root = tmp_path_factory.mktemp("flats")
    make_issued(root)
    with pytest.MonkeyPatch.context() as patch, receiver(tls=root) as got:
        for name in [name for name in os.environ if name.startswith("OTEL_")]:
            patch.delenv(name)
        patch.setenv("COLLECTOR_KEY", KEY)
        yield from _flats(root, got)


def _flats(root: Path, got: Receiver) -> Iterator[Flats]:
    port = free_port()
    (root / "labline.toml").write_text(POLICY.format(port=port, otlp=got.url, most=MOST))
    (root / "worker.py").write_text(WORKER)
    settings = Settings.load(root)
    database = Database(settings.database)
    argv = (sys.executable, str(root / "worker.py"), settings.database, "work")
    platform = Platform(settings, database, worker=Command(argv, {}, str(root)))
    endpoints = Endpoints(settings, platform)
    bento = export(model(root), version_of("flats"), settings=settings)
    try:
        platform.up()
        endpoints.deploy(
            "flats",
            bento=bento,
            command_for_port=lambda port: boot_command(bento, Path(sys.executable), port),
            python=sys.executable,
            actor="ada",
            key="first",
            instances=2,
        )
        headers = {"Authorization": f"Bearer {endpoints.issue_key('flats', 600)}"}
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
            yield Flats(got, client, root)
    finally:
        platform.down()
        database.close()


def test_a_prediction_is_one_trace_through_gateway_and_release(flats: Flats) -> None:
    answer = flats.ask(3, traceparent=f"00-{TRACE}-{CALLER}-01")
    assert answer.json()["predictions"] == [6.0]

    spans = eventually(lambda: _both(flats.got, TRACE), 60)
    gateway, release = spans["labline-gateway"], spans["flats"]
    assert gateway.item.parent_span_id.hex() == CALLER
    assert release.item.parent_span_id == gateway.item.span_id
    assert release.item.name == "POST /predict"
    found = release.attributes
    assert found["http.response.status_code"] == 200
    assert found["labline.request.id"] == answer.headers["x-request-id"]


def _both(got: Receiver, trace: str) -> dict[str, Any] | None:
    spans = {each.service: each for each in got.spans if each.trace == trace}
    return spans if {"labline-gateway", "flats"} <= spans.keys() else None


def test_each_says_what_it_is(flats: Flats) -> None:
    flats.ask(1)
    release = eventually(lambda: flats.got.spans_of("flats"), 60)[0].resource
    gateway = eventually(lambda: flats.got.spans_of("labline-gateway"), 60)[0].resource
    expected = {
        "service.namespace": "flats",
        "service.version": "3",
        "deployment.environment.name": "test",
        "deployment.environment": "test",
        "labline.model.name": "flats",
        "labline.model.version": "3",
        "labline.endpoint": "flats",
        "labline.release": "1",
    }
    assert expected.items() <= release.items()
    assert gateway["deployment.environment.name"] == "test"


def test_what_a_model_logs_belongs_to_the_trace_of_its_request(flats: Flats) -> None:
    trace = "1" * 32
    flats.ask(3, traceparent=f"00-{trace}-{CALLER}-01")

    def logged() -> Any:
        lines = [each for each in flats.got.logs if each.trace == trace]
        return {each.service: each for each in lines}.keys() >= {
            "flats",
            "labline-gateway",
        } and lines

    lines = {each.service: each for each in eventually(logged, 60)}
    assert lines["flats"].item.body.string_value == "looking at 1 rows"
    assert lines["flats"].item.severity_text == "WARNING"
    access = lines["labline-gateway"]
    assert access.item.body.string_value == "POST /flats/predict 200"
    assert access.attributes["labline.release"] == "1"


def test_errors_are_told_apart_in_spans_and_metrics(flats: Flats) -> None:
    assert flats.ask(-1).status_code == 500
    assert flats.client.post("/flats/predict", json={"rows": [{"room": 1}]}).status_code == 422

    def seen() -> Any:
        found = _requests(flats.got)
        return found if {"model-failed", "invalid-data"} <= found.keys() else None

    found = eventually(seen, 60)
    assert found["model-failed"]["http.response.status_code"] == 500
    assert found["invalid-data"]["http.response.status_code"] == 422
    failed = eventually(lambda: _failed(flats.got, "model-failed"), 60)
    assert failed[0].item.status.code == 2
    traceback = eventually(lambda: _said(flats.got, "The model raised"), 60)
    assert traceback[0].attributes["exception.type"] == "RuntimeError"
    assert traceback[0].trace == failed[0].trace


def _said(got: Receiver, words: str) -> list[Any]:
    return [each for each in got.logs if words in each.item.body.string_value]


def _failed(got: Receiver, kind: str) -> list[Any]:
    spans = got.spans_of("flats")
    return [each for each in spans if each.attributes.get("error.type") == kind]


def _requests(got: Receiver) -> dict[str, dict[str, Any]]:
    """Return the attributes of the measured requests, by what went wrong."""
    points = [
        plain(point.attributes)
        for each in got.metrics
        if each.service == "flats" and each.item.name == "http.server.request.duration"
        for point in each.item.histogram.data_points
    ]
    return {str(point.get("error.type", "")): point for point in points}


def test_the_gateway_sends_the_figures_of_its_releases_and_no_others(flats: Flats) -> None:
    flats.ask(1)
    names = eventually(
        lambda: (
            "envoy.cluster.upstream_rq_time" in flats.got.metric_names("labline-gateway")
            and flats.got.metric_names("labline-gateway")
        ),
        60,
    )
    assert names >= {"envoy.cluster.upstream_rq_completed", "envoy.cluster.membership_healthy"}
    assert not [name for name in names if "circuit" in name or "listener" in name]


def test_the_gateway_sends_spans_and_lines_in_batches(flats: Flats) -> None:
    def posted(path: str) -> int:
        return flats.got.posts.count((path, "labline-gateway"))

    before, known = len(flats.got.spans_of("labline-gateway")), len(flats.got.logs)
    posts = posted("/v1/traces"), posted("/v1/logs")
    began = time.monotonic()
    for _ in range(200):
        flats.ask(1, traceparent=f"00-{TRACE}-{CALLER}-01")
    # Not all of them: where they take some seconds the gateway traces a share, of these as well.
    eventually(lambda: len(flats.got.spans_of("labline-gateway")) >= before + 80, 60)
    eventually(lambda: len(flats.got.logs) >= known + 200, 60)
    # One of each a second and worker thread of Envoy; five spans at a time would be forty.
    most = (time.monotonic() - began + 2) * (os.cpu_count() or 1)
    assert posted("/v1/traces") - posts[0] <= most
    assert posted("/v1/logs") - posts[1] <= most


def test_of_many_requests_some_are_traced_and_those_as_a_whole(flats: Flats) -> None:
    asked, over = [0], threading.Event()

    def ask() -> None:
        while not over.is_set():
            flats.ask(1)
            asked[0] += 1

    def begun(since: float, until: float) -> set[str]:
        spans = flats.got.spans_of("labline-gateway")
        times = range(int(since * 1e9), int(until * 1e9))
        return {each.trace for each in spans if each.item.start_time_unix_nano in times}

    def sampled() -> bool:
        """Tell whether for some seconds as many were traced as should be, and each whole."""
        since, before = time.time(), asked[0]
        time.sleep(3)
        until, came = time.time(), asked[0] - before
        time.sleep(7)  # spans come once a second from the gateway, each five from an instance
        traces, most = begun(since, until), MOST * (until - since)
        whole = traces <= {each.trace for each in flats.got.spans_of("flats")}
        return whole and came > 2 * most and 0.3 * most < len(traces) < 1.5 * most

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(ask) for _ in range(4)]
        try:
            # The share follows the requests of the last seconds, which a busy machine holds up:
            # for a moment more may begin at the gateway than the instances take part in.
            eventually(sampled, 180)
        finally:
            over.set()
        for each in futures:
            each.result()


def test_the_header_is_sent_and_its_secret_is_in_no_file(flats: Flats) -> None:
    flats.ask(1)
    eventually(lambda: {"/v1/traces", "/v1/metrics", "/v1/logs"} <= flats.got.headers.keys(), 60)
    assert {each["api-key"] for each in flats.got.headers.values()} == {KEY}
    held = [path for path in flats.root.rglob("*") if path.is_file() and _holds(path, KEY)]
    assert held == []
    assert flats.got.wrong == []


def _holds(path: Path, text: str) -> bool:
    return text.encode() in path.read_bytes()


def test_each_instance_shows_prometheus_what_all_of_them_have_answered(flats: Flats) -> None:
    flats.ask(1)
    before = _counted(flats)
    for _ in range(6):
        flats.ask(1)
    # The instances take turns: whichever is asked, and asked again, says the same.
    assert {_counted(flats) for _ in range(4)} == {before + 6}
    page = flats.client.get("/flats/metrics").text
    assert "labline_predict_seconds_bucket" in page
    files = {path.name for path in flats.root.rglob("counter_*.db")}
    assert files == {"counter_release-1.db", "counter_release-1-2.db"}, "one for each instance"


def _counted(flats: Flats) -> float:
    page = flats.client.get("/flats/metrics").text
    start = 'labline_predict_requests_total{model="flats/3",status="200"}'
    (line,) = [line for line in page.splitlines() if line.startswith(start)]
    return float(line.split()[1])


def test_work_of_the_worker_is_a_span_with_a_span_for_each_step(tmp_path: Path) -> None:
    with receiver() as got:
        (tmp_path / "labline.toml").write_text(f'[telemetry]\notlp = "{got.url}"\n')
        settings = Settings.load(tmp_path)
        database = Database(settings.database)
        workflows = Workflows(settings, database)

        def body(flow: Any, payload: dict[str, Any]) -> str:
            flow.step("look", lambda: payload["model"])
            if payload["model"] == "broken/1":
                raise Failed("It is broken.")
            return "done"

        workflows.register("inspection", body, queue="deployments")
        with telemetry.sending(settings, "labline-worker"), workflows.executor():
            good = workflows.submit("inspection", {"model": "flats/3"})
            bad = workflows.submit("inspection", {"model": "broken/1"})
            for id in (good, bad):
                eventually(lambda id=id: workflows.state(id).status.ended, 60)
        database.close()

    spans = {each.attributes.get("labline.workflow.id"): each for each in got.spans}
    assert spans[good].attributes["labline.model"] == "flats/3"
    assert spans[good].resource["service.name"] == "labline-worker"
    assert spans[bad].item.status.code == 2
    steps = [each for each in got.spans if each.item.name == "look"]
    assert {each.item.parent_span_id for each in steps} == {
        spans[good].item.span_id,
        spans[bad].item.span_id,
    }
    (taken,) = [each for each in got.metrics if each.item.name == "labline.work.duration"][-1:]
    outcomes = {plain(p.attributes)["labline.outcome"] for p in taken.item.histogram.data_points}
    assert outcomes == {"succeeded", "failed"}


def test_a_collector_that_is_away_holds_up_neither_work_nor_its_end(
    tmp_path: Path, free_port: int
) -> None:
    (tmp_path / "labline.toml").write_text(
        f'[telemetry]\notlp = "http://127.0.0.1:{free_port}"\nevery = "1s"\n'
    )
    settings = Settings.load(tmp_path)
    start = time.monotonic()
    with telemetry.sending(settings, "labline-worker"):
        for _ in range(5000):  # more than the queue holds
            with telemetry.span("work"):
                pass
    assert time.monotonic() - start < 25
