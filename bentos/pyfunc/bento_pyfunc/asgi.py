"""One HTTP exchange as ASGI has it: read a body within bounds, send a response."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from bento_pyfunc import problems

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]


class ClientLeft(Exception):
    """The client closed the connection in the middle of its request."""


async def read(receive: Receive, limit: int, seconds: float) -> bytes:
    """Return the body of a request.

    Raises
    ------
    Problem
        413: it is longer than `limit` bytes; 408: it took longer than `seconds`.
    ClientLeft
        Nobody waits for an answer any more.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _read(receive, limit)
    except TimeoutError:
        raise problems.too_slow(seconds) from None


async def _read(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise problems.too_large(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def unless_left(receive: Receive, future: asyncio.Future[bytes]) -> bytes:
    """Return what `future` gives; it is cancelled where the client does not wait for it.

    Raises
    ------
    ClientLeft
        Nobody waits for an answer any more.
    """
    gone = asyncio.ensure_future(receive())
    try:
        await asyncio.wait({future, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
    if future.done():
        return future.result()
    future.cancel()
    raise ClientLeft


async def respond(send: Send, status: int, kind: bytes, body: bytes, headers: list[Header]) -> None:
    """Send a whole response."""
    own = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": own + headers})
    await send({"type": "http.response.body", "body": body})
