"""A load of one request, again and again, over kept-alive connections of the loopback."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass


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

    With `every`, at that many seconds after the one before at the soonest.
    """

    def __init__(self, request: bytes, until: float, every: float = 0.0) -> None:
        self.request, self.until, self.every = request, until, every
        self.taken: list[float] = []
        self.failed = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        if head.startswith(b"HTTP/1.1 200"):
            self.taken.append(time.perf_counter() - self._sent)
        else:
            self.failed += 1
        self._buffer = b""
        now = time.perf_counter()
        if now < self.until:
            wait = self._sent + self.every - now
            if wait > 0:
                asyncio.get_running_loop().call_later(wait, self._send)
            else:
                self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc:
            self.failed += 1
        if not self.done.done():
            self.done.set_result(None)


async def _run(
    port: int, request: bytes, connections: int, seconds: float, every: float = 0.0
) -> list[_Client]:
    loop = asyncio.get_running_loop()
    until = time.perf_counter() + seconds
    clients = []
    for _ in range(connections):
        _, client = await loop.create_connection(
            lambda: _Client(request, until, every), "127.0.0.1", port
        )
        clients.append(client)
    await asyncio.gather(*(client.done for client in clients))
    return clients


def drive(
    port: int,
    path: str,
    body: bytes,
    *,
    connections: int = 8,
    seconds: float = 4.0,
    headers: str = "",
    kind: str = "application/json",
    rate: float = 0.0,
) -> Load:
    """Post `body` for some `seconds` and return how it went, after a second that warms up.

    As fast as answers come, or `rate` requests per second at most.
    """
    request = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\n"
        f"{headers}Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body
    asyncio.run(_run(port, request, connections, 1.0))
    began = time.perf_counter()
    every = connections / rate if rate else 0.0
    clients = asyncio.run(_run(port, request, connections, seconds, every))
    lasted = time.perf_counter() - began
    taken = sorted(value for client in clients for value in client.taken)
    failed = sum(client.failed for client in clients)
    if not taken:
        return Load(0.0, float("inf"), float("inf"), failed)
    return Load(len(taken) / lasted, taken[int(len(taken) * 0.99)], taken[len(taken) // 2], failed)
