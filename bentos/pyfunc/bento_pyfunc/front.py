"""The ASGI app in front of BentoML's: it answers /predict itself and hands on everything else.

BentoML's own request machinery (metrics, tracing, timeout and context middleware) takes three
times as long as a small model. /livez, /readyz and the rest stay BentoML's.
"""

from __future__ import annotations

import logging
import os
import re
import time
from datetime import UTC, datetime
from urllib.parse import quote

import orjson

from bento_pyfunc import metrics, problems, records
from bento_pyfunc.asgi import (
    App,
    ClientLeft,
    Header,
    Receive,
    Scope,
    Send,
    read,
    respond,
    unless_left,
)
from bento_pyfunc.media import Form, negotiate
from bento_pyfunc.openapi import document
from bento_pyfunc.page import page
from bento_pyfunc.predictor import Predictor
from bento_pyfunc.problems import Problem
from bento_pyfunc.records import Record
from bento_pyfunc.spec import Spec
from bento_pyfunc.turns import Order, Turns

logger = logging.getLogger(__name__)

_VERBS = frozenset({"/predict", "/predict_proba"})
_READS = frozenset({"GET", "HEAD"})
#: what BentoML's own app serves
_BENTOML = re.compile(r"/(livez|readyz|healthz|metrics|schema\.json|static_content/.*)")
_REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")


class Front:
    """Serves one model; :meth:`around` puts it in front of BentoML's app.

    :attr:`predictor` is set by the service once the model is loaded and warm.
    """

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.predictor: Predictor | None = None
        #: tag of the Bento, as far as it is known
        self.bento = ""
        self._model: Header = (b"x-labline-model", quote(spec.label, "/ ").encode())
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        self._metrics = metrics.PredictMetrics(spec.label)
        self._records = records.kept(spec)
        self._turns = Turns()
        self._pages = {
            "/": self._people,
            "/version": self._version,
            "/openapi.json": self._openapi,
            "/docs.json": self._openapi,
            "/metrics": self._own_metrics,
        }

    def around(self, inner: App) -> App:
        """Return the app that answers what is known here and leaves the rest to `inner`."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                path = scope["path"]
                if path in _VERBS:
                    return await self._predict(path[1:], scope, receive, send)
                made = self._pages.get(path)
                content = made() if made else None
                if content is not None:
                    return await self._page(content, scope, send)
                if not _BENTOML.fullmatch(path):
                    return await _refuse(problems.not_found(path), send)
                if scope["method"] not in _READS:
                    return await _refuse(problems.wrong_method(scope["method"], "GET"), send)
            elif scope["type"] == "lifespan" and self._records is not None:
                send = self._records.ending(send)
            return await inner(scope, receive, send)

        return app

    # -- /predict ---------------------------------------------------------------------------

    async def _predict(self, verb: str, scope: Scope, receive: Receive, send: Send) -> None:
        start = time.perf_counter()
        headers = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id"))
        own: list[Header] = [(b"x-request-id", request_id), self._model]
        try:
            if scope["method"] != "POST":
                raise problems.wrong_method(scope["method"], "POST")
            exchange = negotiate(headers)
            _check_length(headers, self.spec.max_body_bytes)
            body = await read(receive, self.spec.max_body_bytes, self.spec.body_timeout)
            answer = await self._answer(Order(body, exchange, verb), receive)
            status, kind = 200, exchange.writes.header
        except ClientLeft:
            return
        except Exception as error:  # noqa: BLE001 - whatever a model raises is a 500
            problem = _problem(error, request_id.decode())
            status, kind, answer = problem.status, problems.MEDIA_TYPE, problem.body()
            own += problem.headers
        seconds = time.perf_counter() - start
        self._metrics.observe(status, seconds)
        await respond(send, status, kind, answer, own)
        if self._records is not None and status == 200 and not _is_copy(headers):
            exchanged = exchange.reads.value, exchange.writes.value, body, answer
            self._records.offer(
                Record(request_id.decode(), time.time(), seconds * 1000, verb, *exchanged)
            )

    async def _answer(self, order: Order, receive: Receive) -> bytes:
        predictor = self.predictor
        if predictor is None:
            raise Problem(503, "not-ready", "Not ready", "The model is still being loaded.")
        if order.verb not in predictor.verbs:
            raise problems.no_probabilities(self.spec.label)
        # Handing a request to a thread and back costs more than such a model's own work.
        if self._turns.free and predictor.is_brief(order):
            return predictor.answer(*order)
        return await unless_left(receive, self._turns.take(predictor, order))

    # -- pages ------------------------------------------------------------------------------

    async def _page(self, content: tuple[bytes, bytes], scope: Scope, send: Send) -> None:
        if scope["method"] not in _READS:
            return await _refuse(problems.wrong_method(scope["method"], "GET"), send)
        kind, body = content
        return await respond(send, 200, kind, body, [])

    def _people(self) -> tuple[bytes, bytes]:
        return b"text/html; charset=utf-8", page(self.spec.label)

    def _version(self) -> tuple[bytes, bytes]:
        facts = {
            "model": self.spec.label,
            "name": self.spec.name,
            "version": self.spec.version,
            "digest": self.spec.digest,
            "model_digest": self.spec.digest,
            "bento": self.bento,
            "started": self._started,
            "batching": self.predictor.trial if self.predictor else None,
        }
        return Form.JSON.header, orjson.dumps(facts)

    def _openapi(self) -> tuple[bytes, bytes]:
        examples = self.predictor.examples if self.predictor else {}
        return Form.JSON.header, orjson.dumps(document(self.spec, examples))

    def _own_metrics(self) -> tuple[bytes, bytes] | None:
        figures = metrics.page()
        return None if figures is None else (metrics.CONTENT_TYPE, figures)


def _is_copy(headers: dict[bytes, bytes]) -> bool:
    """Whether nobody hears the answer: Envoy marks so the host of a request that it mirrors."""
    return headers.get(b"host", b"").partition(b":")[0].endswith(b"-shadow")


async def _refuse(problem: Problem, send: Send) -> None:
    await respond(send, problem.status, problems.MEDIA_TYPE, problem.body(), problem.headers)


def _request_id(given: bytes | None) -> bytes:
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    return os.urandom(16).hex().encode()


def _check_length(headers: dict[bytes, bytes], limit: int) -> None:
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > limit:
        raise problems.too_large(limit)


def _problem(error: Exception, request_id: str) -> Problem:
    if isinstance(error, Problem):
        return error
    logger.error("The model raised on request %s.", request_id, exc_info=error)
    return problems.model_failed(request_id)
