"""The latest exchanges of /predict, kept for whoever compares two releases.

A gateway that gives a second release a copy of each request marks both with
``x-labline-capture``. Of what is marked, each release keeps a sample in memory: the requests whose
ids hash lowest. So two releases keep the same requests without knowing of each other, however many
there are and however late one of them is (bottom-k sampling: Cohen and Kaplan 2007).

On where ``LABLINE_CAPTURE_TOKEN`` is set; /captured gives what is kept to who sends that token.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from bento_pyfunc.front import App, Message, Receive, Scope, Send

VARIABLE = "LABLINE_CAPTURE_TOKEN"
_MARK = b"x-labline-capture"
_TOKEN = b"x-labline-capture-token"
_ID = b"x-request-id"
_KINDS = (b"application/json", b"application/problem+json")
#: exchanges in one generation; there are two
_MOST = 256
#: bytes of bodies in one generation, and of one exchange
_MOST_BYTES = 8 * 2**20
_LARGEST = 256 * 2**10
#: seconds that a generation lasts at least once it is full
_LASTS = 30.0


@dataclass(frozen=True)
class Exchange:
    """A request and its answer."""

    id: str
    at: float
    status: int
    milliseconds: float
    request: bytes
    answer: bytes

    @property
    def size(self) -> int:
        """Bytes of its bodies."""
        return len(self.request) + len(self.answer)

    @property
    def rank(self) -> bytes:
        """Where it stands in the sample; the lowest are kept."""
        return hashlib.blake2b(self.id.encode(), digest_size=8).digest()

    def page(self) -> dict[str, Any]:
        """Return it JSON-ready."""
        return {
            "id": self.id,
            "at": self.at,
            "status": self.status,
            "ms": self.milliseconds,
            "request": self.request.decode("utf-8", "replace"),
            "answer": self.answer.decode("utf-8", "replace"),
        }


@dataclass
class Sample:
    """A generation of exchanges: those of the lowest ranks."""

    began: float
    kept: dict[bytes, Exchange] = field(default_factory=dict)
    size: int = 0
    #: the highest rank that is kept; what ranks above it is left out once it is full
    highest: bytes = b""
    full: bool = False

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange, if it ranks low enough."""
        rank = exchange.rank
        if rank in self.kept or (self.full and rank > self.highest):
            return
        self.kept[rank] = exchange
        self.size += exchange.size
        while len(self.kept) > _MOST or self.size > _MOST_BYTES:
            self.size -= self.kept.pop(max(self.kept)).size
            self.full = True
        self.highest = max(self.kept, default=b"")


class Captures:
    """What one release keeps. Used on the event loop only."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._older = Sample(clock())
        self._newer = Sample(clock())

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange, or not."""
        if exchange.size > _LARGEST:
            return
        if self._newer.full and self._clock() - self._newer.began >= _LASTS:
            self._older, self._newer = self._newer, Sample(self._clock())
        self._newer.add(exchange)

    def __iter__(self) -> Iterator[Exchange]:
        yield from self._older.kept.values()
        yield from self._newer.kept.values()


def around(app: App, environ: Any = os.environ) -> App:
    """Return `app` with captures, where the environment asks for them; else `app` itself."""
    token = environ.get(VARIABLE, "")
    return Capturing(Captures(), token).around(app) if token else app


class Capturing:
    """Keeps the exchanges that are marked, and gives them away."""

    def __init__(self, captures: Captures, token: str) -> None:
        self._captures = captures
        self._token = token.encode()

    def around(self, inner: App) -> App:
        """Return the app that keeps what `inner` answers."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                path = scope["path"]
                if path == "/predict" and any(name == _MARK for name, _ in scope["headers"]):
                    return await self._keep(inner, scope, receive, send)
                if path == "/captured" and self._may_read(dict(scope["headers"])):
                    return await self._give(send)
            return await inner(scope, receive, send)

        return app

    def _may_read(self, headers: dict[bytes, bytes]) -> bool:
        return hmac.compare_digest(headers.get(_TOKEN, b""), self._token)

    async def _give(self, send: Send) -> None:
        body = orjson.dumps([each.page() for each in self._captures])
        head = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})

    async def _keep(self, inner: App, scope: Scope, receive: Receive, send: Send) -> None:
        seen = _Seen(receive, send)
        start = time.perf_counter()
        await inner(scope, seen.receive, seen.send)
        if seen.whole:
            self._captures.add(seen.exchange((time.perf_counter() - start) * 1000))


class _Seen:
    """One exchange as it goes by; no more of it is held than is kept."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._request: list[bytes] = []
        self._answer: list[bytes] = []
        self._size = 0
        self._status = 0
        self._headers: dict[bytes, bytes] = {}

    async def receive(self) -> Message:
        message = await self._receive()
        self._note(self._request, message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], dict(message["headers"])
        else:
            self._note(self._answer, message.get("body", b""))
        await self._send(message)

    def _note(self, part: list[bytes], body: bytes) -> None:
        self._size += len(body)
        if self._size <= _LARGEST:
            part.append(body)

    @property
    def whole(self) -> bool:
        """Whether it was answered, in JSON, and is small enough."""
        is_json = self._headers.get(b"content-type") in _KINDS
        return bool(self._status) and is_json and self._size <= _LARGEST

    def exchange(self, milliseconds: float) -> Exchange:
        """Return it, over."""
        id = self._headers.get(_ID, b"").decode("latin-1")
        request, answer = b"".join(self._request), b"".join(self._answer)
        return Exchange(id, time.time(), self._status, milliseconds, request, answer)
