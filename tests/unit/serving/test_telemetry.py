"""What the service tells by OpenTelemetry, and what it costs where nobody listens."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import httpx
import pytest
from bento_pyfunc import telemetry
from bento_pyfunc.front import App, Front
from bento_pyfunc.sampling import Limit
from bento_pyfunc.signals import Signals
from bento_pyfunc.spans import Spans
from bento_pyfunc.watch import Watch
from opentelemetry import baggage
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import format_span_id, format_trace_id, get_current_span
from tests.otlp import plain, receiver
from tests.unit.serving.specs import doubles, make_spec

SPEC = make_spec(doubles("x"))
JSON = {"content-type": "application/json"}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    handlers = list(logging.getLogger().handlers)
    yield
    logging.getLogger().handlers[:] = handlers


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give what is sent last as long as a busy machine takes to send it."""
    monkeypatch.setattr("bento_pyfunc.signals._LAST", 60.0)


class Answers:
    """Stands where the predictor stands."""

    verbs = frozenset({"predict"})
    together = 1
    trial = None

    def is_brief(self, _: Any) -> bool:
        """Answer on the event loop."""
        return True

    def answer(self, body: bytes, *_: Any) -> bytes:
        """Answer as a model would."""
        if body == b"fail":
            raise RuntimeError("less than nothing")
        return b"{}"


async def inner(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"BentoML's"})


def front() -> App:
    made = Front(SPEC)
    made.predictor = Answers()  # type: ignore[assignment]
    return made.around(inner)


def ask(app: App, *bodies: bytes, **headers: str) -> list[int]:
    async def call() -> list[int]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            found = [
                await client.post("/predict", content=body, headers=JSON | headers)
                for body in bodies
            ]
            return [each.status_code for each in found]

    return asyncio.run(call())


def test_without_a_collector_the_app_is_left_as_it_is() -> None:
    assert telemetry.around(inner, SPEC) is inner


@pytest.mark.parametrize(
    ("environ", "on"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318/v1/metrics"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
    ],
)
def test_the_standard_variables_say_whether_anything_is_sent(environ: Any, on: bool) -> None:
    assert telemetry.is_on(environ) is on


@pytest.mark.usefixtures("patient")
def test_requests_are_spans_of_the_callers_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    with receiver() as got:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", got.url)
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=pricing,service.version=9")
        signals = Signals({"service.name": "flats", "service.version": "3"})
        app = Watch(signals, SPEC).around(front())
        statuses = ask(app, b"{}", b"fail", traceparent=f"00-{trace}-{parent}-01")
        signals.stop()
    assert statuses == [200, 500]
    good, bad = sorted(got.spans, key=lambda each: each.item.start_time_unix_nano)
    assert {good.trace, bad.trace} == {trace}
    assert good.item.parent_span_id.hex() == parent
    assert good.resource["team"] == "pricing"
    assert good.resource["service.version"] == "9", "the environment wins"
    assert bad.attributes["error.type"] == "model-failed"
    assert bad.item.status.code == 2
    (logged,) = [each for each in got.logs if "The model raised" in each.item.body.string_value]
    assert (logged.trace, logged.item.span_id) == (trace, bad.item.span_id)
    (seconds,) = [each.item for each in got.metrics if each.item.unit == "s"]
    points = {
        plain(p.attributes)["http.response.status_code"] for p in seconds.histogram.data_points
    }
    assert points == {200, 500}


def test_other_pages_are_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as got:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", got.url)
        signals = Signals({"service.name": "flats"})

        async def look() -> None:
            transport = httpx.ASGITransport(Watch(signals, SPEC).around(front()))
            async with httpx.AsyncClient(transport=transport, base_url="http://t") as client:
                assert (await client.get("/readyz")).text == "BentoML's"

        asyncio.run(look())
        signals.stop()
    assert got.spans == []


@pytest.mark.usefixtures("patient")
def test_a_signal_that_is_not_wanted_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as got:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", got.url)
        monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
        monkeypatch.setenv("OTEL_LOGS_EXPORTER", "none")
        signals = Signals({"service.name": "flats"})
        ask(Watch(signals, SPEC).around(front()), b"{}", b"fail")
        signals.stop()
    assert set(got.headers) == {"/v1/metrics"}


def test_a_collector_that_is_away_fails_no_request_and_holds_up_no_end(
    monkeypatch: pytest.MonkeyPatch, free_port: int
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port}")
    signals = Signals({"service.name": "flats"})
    statuses = ask(Watch(signals, SPEC).around(front()), *[b"{}"] * 3000)
    start = time.monotonic()
    signals.stop()
    assert time.monotonic() - start < 10
    assert statuses == [200] * 3000


@pytest.mark.usefixtures("patient")
def test_no_more_requests_are_traced_than_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as got:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", got.url)
        monkeypatch.setenv("LABLINE_TRACES_PER_SECOND", "3")
        stopped = partial(Limit, clock=lambda: 0.0)
        monkeypatch.setattr("bento_pyfunc.signals.Limit", stopped)
        signals = Signals({"service.name": "flats"})
        ask(Watch(signals, SPEC).around(front()), *[b"{}"] * 9, b"fail")
        signals.stop()
    assert len(got.spans) == 3
    counted = [p.count for each in got.metrics for p in each.item.histogram.data_points]
    assert sum(counted) == 10, "all are measured"
    (logged,) = [each for each in got.logs if "The model raised" in each.item.body.string_value]
    assert logged.trace not in {"", "0" * 32}, "an id that joins it with the gateway's span"


def test_each_second_has_traces_of_its_own() -> None:
    now = [0.0]
    limit = Limit(2, clock=lambda: now[0])

    def taken() -> list[bool]:
        return [limit.take() for _ in range(3)]

    assert taken() == [True, True, False]
    now[0] = 0.9
    assert taken() == [False] * 3
    now[0] = 1.0
    assert taken() == [True, True, False]


def test_what_the_sampler_of_the_environment_leaves_out_is_no_part_of_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")
    limit = Limit(1, clock=lambda: 0.0)
    spans = Spans(TracerProvider(shutdown_on_exit=False), limit)
    for _ in range(3):
        assert not spans.begin("x", [], {})[0].is_recording()
    assert limit.take()


TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({"traceparent": f"00-{TRACE}-{CALLER}-01"}, (TRACE, CALLER, True)),
        ({"traceparent": f"00-{TRACE}-{CALLER}-00"}, (TRACE, CALLER, False)),
        ({"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": ""}, (TRACE, CALLER, True)),
        ({"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "a=1"}, (TRACE, CALLER, True)),
        ({"traceparent": f"01-{TRACE}-{CALLER}-01-more"}, (TRACE, CALLER, True)),
        ({"traceparent": f"00-{TRACE.upper()}-{CALLER}-01"}, None),
        ({"traceparent": f"00-{'0' * 32}-{CALLER}-01"}, None),
        ({"traceparent": f"00-{TRACE}-{'0' * 16}-01"}, None),
        ({"traceparent": f"00-0_{TRACE[2:]}-{CALLER}-01"}, None),
        ({"traceparent": f"00-{TRACE}-{CALLER}"}, None),
        ({"traceparent": "nonsense \xff"}, None),
        ({"baggage": "user=ada"}, None),
        ({}, None),
    ],
)
@pytest.mark.parametrize("left", [0, 1])
def test_a_caller_is_known_by_its_header_whether_it_is_traced_or_not(
    headers: dict[str, str], found: tuple[str, str, bool] | None, left: int
) -> None:
    traces = TracerProvider(shutdown_on_exit=False)
    sent = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    span, around = Spans(traces, Limit(left, clock=lambda: 0.0)).begin("x", sent, {})
    context = span.get_span_context()
    assert get_current_span(around).get_span_context() == context, "its work is done in it"
    assert span.is_recording() == (left == 1 and (found is None or found[2]))
    if found is None:
        assert context.is_valid, "log lines have ids"
        assert format_trace_id(context.trace_id) != TRACE
    else:
        assert format_trace_id(context.trace_id) == found[0]
        assert (format_span_id(context.span_id) == found[1]) != span.is_recording()
    assert baggage.get_baggage("user", around) == ("ada" if "baggage" in headers else None)


def test_what_comes_in_several_headers_is_one_list() -> None:
    sent = [
        (b"traceparent", f"00-{TRACE}-{CALLER}-01".encode()),
        (b"tracestate", b"a=1"),
        (b"baggage", b"user=ada"),
        (b"tracestate", b"b=2"),
        (b"baggage", b"shop=oslo"),
    ]
    traces = TracerProvider(shutdown_on_exit=False)
    span, around = Spans(traces, Limit(1)).begin("x", sent, {})
    assert span.get_span_context().trace_state.to_header() == "a=1,b=2"
    assert baggage.get_all(around) == {"user": "ada", "shop": "oslo"}
