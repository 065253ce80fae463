"""The ASGI app in front of BentoML's: it answers /predict itself and hands on everything else.

BentoML's own request machinery (metrics, tracing, timeout and context middleware) takes three
times as long as a small model. /livez, /readyz and the rest stay BentoML's.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, datetime

import orjson

from bento_pyfunc import metrics, problems
from bento_pyfunc.asgi import App, ClientLeft, Header, Receive, Scope, Send, read, respond
from bento_pyfunc.openapi import document
from bento_pyfunc.predictor import Predictor
from bento_pyfunc.problems import Problem
from bento_pyfunc.spec import Spec

logger = logging.getLogger(__name__)

_JSON = b"application/json"
#: a quick model answers bodies up to this size on the event loop
_INLINE_BYTES = 8192
_READS = frozenset({"GET", "HEAD"})
#: what BentoML's own app serves
_BENTOML = re.compile(r"/(livez|readyz|healthz|metrics|schema\.json|static_content/.*)?")
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
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        self._metrics = metrics.PredictMetrics(spec.label)
        # One thread: predictions queue up instead of fighting for the interpreter, and a model
        # need not be thread-safe.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="predict")
        #: requests on the thread; counted on the event loop only
        self._waiting = 0
        self._pages = {
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
                if path == "/predict":
                    return await self._predict(scope, receive, send)
                page = self._pages.get(path)
                content = page() if page else None
                if content is not None:
                    return await self._page(content, scope, send)
                if not _BENTOML.fullmatch(path):
                    return await _refuse(problems.not_found(path), send)
                if scope["method"] not in _READS:
                    return await _refuse(problems.wrong_method(scope["method"], "GET"), send)
            return await inner(scope, receive, send)

        return app

    # -- /predict ---------------------------------------------------------------------------

    async def _predict(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = time.perf_counter()
        headers = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id"))
        own: list[Header] = [(b"x-request-id", request_id)]
        try:
            _check_head(scope["method"], headers, self.spec.max_body_bytes)
            body = await read(receive, self.spec.max_body_bytes, self.spec.body_timeout)
            answer = await self._answer(body)
            status, kind = 200, _JSON
        except ClientLeft:
            return
        except Exception as error:  # noqa: BLE001 - whatever a model raises is a 500
            problem = _problem(error, request_id.decode())
            status, kind, answer = problem.status, problems.MEDIA_TYPE, problem.body()
            own += problem.headers
        self._metrics.observe(status, time.perf_counter() - start)
        await respond(send, status, kind, answer, own)

    async def _answer(self, body: bytes) -> bytes:
        if self.predictor is None:
            raise Problem(503, "not-ready", "Not ready", "The model is still being loaded.")
        # Handing a request to a thread and back costs more than such a model's own work.
        if self.predictor.quick and len(body) <= _INLINE_BYTES and not self._waiting:
            return self.predictor.answer(body)
        return await self._queued(self.predictor, body)

    async def _queued(self, predictor: Predictor, body: bytes) -> bytes:
        """Answer on the one thread; while it works, nothing else may call the model."""
        loop = asyncio.get_running_loop()
        # What the model logs belongs to the request's trace, where there is one.
        within = copy_context().run
        future = loop.run_in_executor(self._thread, within, predictor.answer, body)
        self._waiting += 1
        future.add_done_callback(self._finished)
        return await future

    def _finished(self, _: asyncio.Future[bytes]) -> None:
        self._waiting -= 1

    # -- pages ------------------------------------------------------------------------------

    async def _page(self, content: tuple[bytes, bytes], scope: Scope, send: Send) -> None:
        if scope["method"] not in _READS:
            return await _refuse(problems.wrong_method(scope["method"], "GET"), send)
        kind, body = content
        return await respond(send, 200, kind, body, [])

    def _version(self) -> tuple[bytes, bytes]:
        facts = {
            "model": self.spec.label,
            "name": self.spec.name,
            "version": self.spec.version,
            "digest": self.spec.digest,
            "model_digest": self.spec.digest,
            "bento": self.bento,
            "started": self._started,
        }
        return _JSON, orjson.dumps(facts)

    def _openapi(self) -> tuple[bytes, bytes]:
        answer = self.predictor.example_answer if self.predictor else None
        return _JSON, orjson.dumps(document(self.spec, answer))

    def _own_metrics(self) -> tuple[bytes, bytes] | None:
        page = metrics.own_page()
        return None if page is None else (metrics.CONTENT_TYPE, page)


async def _refuse(problem: Problem, send: Send) -> None:
    await respond(send, problem.status, problems.MEDIA_TYPE, problem.body(), problem.headers)


def _request_id(given: bytes | None) -> bytes:
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    return os.urandom(16).hex().encode()


def _check_head(method: str, headers: dict[bytes, bytes], limit: int) -> None:
    if method != "POST":
        raise problems.wrong_method(method, "POST")
    kind = headers.get(b"content-type", b"")
    if kind != _JSON:
        _check_media(kind.decode("latin-1"))
    coding = headers.get(b"content-encoding", b"identity")
    if coding.lower() != b"identity":
        raise problems.wrong_media("Send the body as it is, without a Content-Encoding.")
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > limit:
        raise problems.too_large(limit)


def _check_media(kind: str) -> None:
    media, _, options = kind.lower().partition(";")
    media = media.strip()
    if media != "application/json" and not (media.startswith("application/") and "+json" in media):
        given = f", not as {media!r}" if media else " and say so in Content-Type"
        raise problems.wrong_media(f"Send the body as application/json{given}.")
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", options)
    if charset and charset[1] not in ("utf-8", "utf8", "us-ascii"):
        raise problems.wrong_media(f"JSON is sent in UTF-8, not in {charset[1]!r}.")


def _problem(error: Exception, request_id: str) -> Problem:
    if isinstance(error, Problem):
        return error
    logger.error("The model raised on request %s.", request_id, exc_info=error)
    return problems.model_failed(request_id)
