"""A load of one request, again and again, over kept-alive connections of the loopback."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import cast

import uvloop

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Load:
    """What a load came to."""

    #: requests answered with 200, per second
    rate: float
    #: seconds, 99th percentile
    p99: float
    #: seconds, median
    p50: float
    failed: int


class _Client(asyncio.Protocol):
    """One connection: the next request goes out when an answer is complete.

    With `every`, it is due so many seconds after the one before was, and is timed from then: what
    waits because an answer was late is late itself (no coordinated omission).
    """

    def __init__(self, requests: Sequence[bytes], until: float, first: float, every: float) -> None:
        self._requests = cycle(requests)
        self._until, self._due, self._every = until, first, every
        self._buffer = bytearray()
        self.taken: list[float] = []
        self.failed = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._next()

    def _next(self) -> None:
        now = time.perf_counter()
        if not self._every:
            self._due = now
        if max(now, self._due) >= self._until:
            self._transport.close()
        elif self._due > now:
            asyncio.get_running_loop().call_later(self._due - now, self._send)
        else:
            self._send()

    def _send(self) -> None:
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(self._buffer, 0, end) if end > 0 else None
        if length is None or len(self._buffer) < end + 4 + int(length[1]):
            return
        if self._buffer.startswith(b"HTTP/1.1 200"):
            self.taken.append(time.perf_counter() - self._due)
        else:
            self.failed += 1
        self._buffer.clear()
        self._due += self._every
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc:
            self.failed += 1
        if not self.done.done():
            self.done.set_result(None)


async def _run(
    port: int, requests: Sequence[bytes], connections: int, seconds: float, rate: float = 0.0
) -> list[_Client]:
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    every = connections / rate if rate else 0.0
    clients = []
    for number in range(connections):
        first = start + every * number / connections
        _, client = await loop.create_connection(
            partial(_Client, requests, start + seconds, first, every), "127.0.0.1", port
        )
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    return clients


def post(path: str, body: bytes, *, kind: str = "application/json", headers: str = "") -> bytes:
    """Return a request as it goes over the wire; `headers` are whole lines."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
        f"{headers}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int = 8,
    seconds: float = 4.0,
    rate: float = 0.0,
    warm: float = 1.0,
) -> Load:
    """Send `requests`, in turn on each connection, for some `seconds`; return how it went.

    Parameters
    ----------
    rate
        Requests per second, at even times, whatever the answers take; 0: each connection sends
        when it is answered.
    warm
        Seconds before that do not count.
    """
    # What asks takes from the same cores as what answers: half as much as by asyncio's own loop.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if warm:
            runner.run(_run(port, requests, connections, warm))
        began = time.perf_counter()
        clients = runner.run(_run(port, requests, connections, seconds, rate))
        lasted = time.perf_counter() - began
    taken = sorted(value for client in clients for value in client.taken)
    failed = sum(client.failed for client in clients)
    if not taken:
        return Load(0.0, float("inf"), float("inf"), failed)
    return Load(len(taken) / lasted, taken[int(len(taken) * 0.99)], taken[len(taken) // 2], failed)
