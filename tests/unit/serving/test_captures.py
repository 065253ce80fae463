"""What a release keeps of marked requests, and who may read it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import httpx
import pytest
from bento_pyfunc import captures
from bento_pyfunc.captures import Captures, Exchange
from bento_pyfunc.front import App

TOKEN = "a" * 64
MARK = {"x-labline-capture": "1"}
JSON = b"application/json"


def exchange(id: str, size: int = 10) -> Exchange:
    return Exchange(id, 0.0, 200, 1.0, b"q" * size, b"a")


def ids(kept: Iterable[Exchange]) -> set[str]:
    return {each.id for each in kept}


def service(kind: bytes = JSON, answer: bytes = b'{"predictions":[1]}') -> App:
    async def inner(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"] if scope["path"] == "/predict" else b""
        known = scope["path"] == "/predict"
        head = [(b"content-type", kind), (b"x-request-id", body[:8] or b"none")]
        await send(
            {"type": "http.response.start", "status": 200 if known else 404, "headers": head}
        )
        await send({"type": "http.response.body", "body": answer})

    return captures.around(inner, {captures.VARIABLE: TOKEN})


def asked(app: App, *bodies: bytes, **headers: str) -> list[dict[str, Any]]:
    """Send the bodies and return what is kept afterwards."""

    async def call() -> Any:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            for body in bodies:
                answer = await client.post("/predict", content=body, headers=headers)
                assert answer.status_code == 200
            kept = await client.get("/captured", headers={"x-labline-capture-token": TOKEN})
            return kept.json()

    return list(asyncio.run(call()))


def test_a_marked_request_is_kept_with_its_answer() -> None:
    (kept,) = asked(service(), b"r1 {}", **MARK)
    assert (kept["id"], kept["status"]) == ("r1 {}", 200)
    assert (kept["request"], kept["answer"]) == ("r1 {}", '{"predictions":[1]}')


def test_what_is_not_marked_not_json_or_too_large_is_not_kept() -> None:
    assert asked(service(), b"r1") == []
    assert asked(service(kind=b"application/vnd.apache.arrow.stream"), b"r1", **MARK) == []
    assert asked(service(), b"r" * 300_000, **MARK) == []


@pytest.mark.parametrize("headers", [{}, {"x-labline-capture-token": "b" * 64}, MARK])
def test_nobody_reads_what_is_kept_without_the_token(headers: dict[str, str]) -> None:
    async def call() -> int:
        transport = httpx.ASGITransport(service())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return (await client.get("/captured", headers=headers)).status_code

    assert asyncio.run(call()) == 404


def test_without_a_token_the_app_is_left_as_it_is() -> None:
    async def inner(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError

    assert captures.around(inner, {}) is inner


def test_two_releases_keep_the_same_requests_though_one_is_late() -> None:
    live, shadow = Captures(), Captures()
    names = [f"request-{n}" for n in range(5000)]
    for name in names:
        live.add(exchange(name))
    for name in reversed(names[:4900]):
        shadow.add(exchange(name))
    both = ids(live) & ids(shadow)
    assert len(ids(live)) == 256
    assert len(both) > 240


def test_what_is_kept_is_bounded_in_number_and_bytes() -> None:
    kept = Captures()
    for n in range(2000):
        kept.add(exchange(str(n), size=200_000))
    assert sum(each.size for each in kept) <= 2 * 8 * 2**20


def test_old_exchanges_give_way_to_new_ones() -> None:
    now = [0.0]
    kept = Captures(clock=lambda: now[0])
    for round in range(3):
        for n in range(1000):
            kept.add(exchange(f"{round}-{n}"))
        now[0] += 31
    assert {each.id.split("-")[0] for each in kept} == {"1", "2"}


def test_the_requests_of_a_quiet_endpoint_stay() -> None:
    now = [0.0]
    kept = Captures(clock=lambda: now[0])
    for n in range(20):
        now[0] += 3600
        kept.add(exchange(str(n)))
    assert len(ids(kept)) == 20
