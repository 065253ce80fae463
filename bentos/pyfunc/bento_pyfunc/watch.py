"""A span and a duration for each request for predictions.

References: W3C Trace Context; OpenTelemetry's semantic conventions for HTTP servers.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import orjson
from opentelemetry.context import attach, detach
from opentelemetry.trace import StatusCode

from bento_pyfunc.signals import Signals
from bento_pyfunc.spec import Spec

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from bento_pyfunc.front import App, Message, Receive, Scope, Send

_PATHS = ("/predict", "/predict_proba")
#: seconds; a small model answers in less than OpenTelemetry's first bucket
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Watch:
    """Measures the requests for predictions."""

    def __init__(self, signals: Signals, spec: Spec) -> None:
        self._spans = signals.spans
        self._seconds = signals.meter.create_histogram(
            "http.server.request.duration",
            unit="s",
            description="Seconds from a request's headers to its answer.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self._model = {"labline.model": spec.label}

    def around(self, inner: App) -> App:
        """Return the app that measures what `inner` predicts."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http" and scope["path"] in _PATHS:
                return await self._request(inner, scope, receive, send)
            return await inner(scope, receive, send)

        return app

    async def _request(self, inner: App, scope: Scope, receive: Receive, send: Send) -> None:
        start, answer, path = perf_counter(), _Answer(send), scope["path"]
        what = {"http.request.method": scope["method"], "http.route": path, **self._model}
        span, around = self._spans.begin(f"{scope['method']} {path}", scope["headers"], what)
        # Not start_as_current_span: its context manager costs more than the span.
        token = attach(around)
        try:
            await inner(scope, receive, answer.send)
        finally:
            outcome = answer.outcome()
            # Within the span: a slow bucket keeps the trace of one of its requests.
            self._seconds.record(perf_counter() - start, {**what, **outcome})
            detach(token)
            if span.is_recording():
                _conclude(span, answer, outcome)
                span.end()


def _conclude(span: Span, answer: _Answer, outcome: dict[str, Any]) -> None:
    span.set_attributes({**outcome, "labline.request.id": answer.request_id})
    if answer.status >= 500:
        span.set_status(StatusCode.ERROR, answer.problem)


class _Answer:
    """What went out on one request."""

    def __init__(self, send: Send) -> None:
        self._send = send
        #: 0 where the client left before it was answered
        self.status = 0
        #: last part of a problem's type: ``invalid-data``
        self.problem = ""
        self._headers: list[tuple[bytes, bytes]] = []

    async def send(self, message: Message) -> None:
        """Note what is sent, and send it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._headers = message["headers"]
        elif self.status >= 400 and not self.problem:
            self.problem = _kind(message.get("body", b""))
        await self._send(message)

    @property
    def request_id(self) -> str:
        """What the answer is known by."""
        return dict(self._headers).get(b"x-request-id", b"").decode("latin-1")

    def outcome(self) -> dict[str, Any]:
        """Return what requests are counted by."""
        if not self.status:
            return {"error.type": "client-left"}
        error = {"error.type": self.problem or str(self.status)} if self.status >= 400 else {}
        return {"http.response.status_code": self.status, **error}


def _kind(body: bytes) -> str:
    try:
        return str(orjson.loads(body)["type"]).rpartition(":")[2]
    except (ValueError, KeyError, TypeError):
        return ""
