"""The ASGI app before BentoML's."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from bento_pyfunc.front import Front
from bento_pyfunc.media import Exchange
from bento_pyfunc.problems import FieldError, invalid
from bento_pyfunc.turns import Order
from tests.unit.serving.specs import doubles, make_spec

JSON = {"content-type": "application/json"}


class Answers:
    """Stands where the predictor stands: a function from body to body."""

    examples: dict[str, Any] = {}  # noqa: RUF012
    verbs = frozenset({"predict"})
    together = 1
    trial = None

    def __init__(self, answer: Callable[[bytes], bytes], quick: bool = False) -> None:
        self._answer = answer
        self._quick = quick

    def is_brief(self, order: Order) -> bool:
        return self._quick and len(order.body) <= 8192

    def answer(self, body: bytes, exchange: Exchange, verb: str) -> bytes:
        return self._answer(body)


async def inner(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 418, "headers": []})
    await send({"type": "http.response.body", "body": b"BentoML's"})


def front_of(answer: Callable[[bytes], bytes] | None, **spec: Any) -> Front:
    front = Front(make_spec(doubles("x"), **spec))
    front.predictor = Answers(answer) if answer else None  # type: ignore[assignment]
    return front


def ask(
    answer: Callable[[bytes], bytes] | None,
    method: str = "POST",
    path: str = "/predict",
    spec: dict[str, Any] | None = None,
    **more: Any,
) -> httpx.Response:
    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(front_of(answer, **spec or {}).around(inner))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **{"headers": JSON} | more)

    return asyncio.run(call())


def test_the_answer_goes_out_as_it_is() -> None:
    response = ask(lambda body: body + b"!", content=b"{}")
    assert (response.status_code, response.content) == (200, b"{}!")
    assert response.headers["content-type"] == "application/json"
    assert response.headers["content-length"] == "3"


def test_a_request_keeps_its_id_or_gets_one() -> None:
    named = ask(lambda body: body, content=b"", headers=JSON | {"x-request-id": "order-7"})
    assert named.headers["x-request-id"] == "order-7"
    for odd in ("", "with space", "x" * 129):
        made = ask(lambda body: body, content=b"", headers=JSON | {"x-request-id": odd})
        assert len(made.headers["x-request-id"]) == 32


def test_a_problem_is_answered_as_problem_details() -> None:
    def refuse(body: bytes) -> bytes:
        raise invalid([FieldError("x", 0, "is missing"), FieldError("y", 1, "is missing")])

    response = ask(refuse, content=b"{}", headers=JSON | {"x-request-id": "a"})
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"] == "a"
    assert response.json() == {
        "type": "urn:labline:problem:invalid-data",
        "title": "The data does not fit the model's signature",
        "status": 422,
        "detail": "x (row 0): is missing; and 1 more.",
        "errors": [
            {"field": "x", "row": 0, "message": "is missing"},
            {"field": "y", "row": 1, "message": "is missing"},
        ],
    }


def test_a_model_that_raises_is_a_500_that_tells_only_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def raise_it(body: bytes) -> bytes:
        raise RuntimeError("password=hunter2")

    with caplog.at_level(logging.ERROR):
        response = ask(raise_it, content=b"{}", headers=JSON | {"x-request-id": "r-1"})
    assert response.status_code == 500
    assert "hunter2" not in response.text
    assert "RuntimeError" not in response.text
    assert "r-1" in response.json()["detail"]
    assert "hunter2" in caplog.text
    assert "r-1" in caplog.text


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_only_post_predicts(method: str) -> None:
    response = ask(lambda body: body, method)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/csv"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": ""},
        {},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_a_body_that_is_not_declared_as_plain_json_is_a_415(headers: dict[str, str]) -> None:
    assert ask(lambda body: body, headers=headers, content=b"{}").status_code == 415


@pytest.mark.parametrize(
    "kind",
    ["application/json; charset=utf-8", "Application/JSON", "application/vnd.api+json"],
)
def test_json_by_any_of_its_names_is_taken(kind: str) -> None:
    assert ask(lambda body: body, headers={"content-type": kind}, content=b"{}").status_code == 200


def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    async def never() -> AsyncIterator[bytes]:
        raise AssertionError("read")
        yield b""

    headers = JSON | {"content-length": "2001"}
    response = ask(lambda body: body, headers=headers, content=never())
    assert response.status_code == 413
    assert response.headers["connection"] == "close"


def test_a_body_of_unknown_length_is_read_up_to_the_limit_only() -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 500
            yield b"x" * 500

    assert ask(lambda body: body, content=endless()).status_code == 413
    assert sent <= 3000


def test_nobody_is_answered_who_has_left() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(message)

    scope = {
        "type": "http",
        "path": "/predict",
        "method": "POST",
        "headers": [(b"content-type", b"application/json")],
    }
    asyncio.run(front_of(lambda body: body).around(inner)(scope, receive, send))


def test_before_the_model_is_loaded_the_answer_is_503() -> None:
    assert ask(None, content=b"{}").status_code == 503


def test_the_probes_and_the_files_of_the_page_for_people_are_bentomls() -> None:
    for path in ("/readyz", "/livez", "/static_content/swagger-ui.css"):
        assert ask(lambda body: body, "GET", path).status_code == 418


def test_the_page_for_people_asks_for_nothing_that_lies_elsewhere() -> None:
    answer = ask(lambda body: body, "GET", "/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>flats/3</title>" in answer.text
    places = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
    assert len(places) == 5
    assert all(place.startswith("./static_content/") for place in places)
    assert "./static_content/index.css" not in places, "it hides the title: the model's name"
    assert "//" not in answer.text


def test_a_path_that_is_not_served_is_a_404_that_says_where_to_look() -> None:
    answer = ask(lambda body: body, path="/predict/x", content=b"{}")
    assert (answer.status_code, answer.json()["type"]) == (404, "urn:labline:problem:not-found")
    assert "/openapi.json" in answer.json()["detail"]


def test_a_body_that_does_not_come_in_time_is_a_408() -> None:
    async def stuck() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    answer = ask(lambda body: body, content=stuck(), spec={"body_timeout": 0.01})
    assert answer.status_code == 408
    assert answer.headers["connection"] == "close"


def test_version_tells_what_is_served() -> None:
    facts = ask(lambda body: body, "GET", "/version").json()
    assert facts["model"] == "flats/3"
    assert (facts["name"], facts["version"]) == ("flats", 3)
    assert facts["digest"] == facts["model_digest"] == "d" * 64
    assert ask(lambda body: body, "POST", "/version").status_code == 405


def test_metrics_count_requests_by_status() -> None:
    ask(lambda body: body, content=b"{}")
    ask(lambda body: body, "GET")
    page = ask(lambda body: body, "GET", "/metrics").text
    assert 'labline_predict_requests_total{model="flats/3",status="200"}' in page
    assert 'labline_predict_requests_total{model="flats/3",status="405"}' in page
    assert 'labline_predict_seconds_bucket{le="0.005",model="flats/3"}' in page


def test_the_event_loop_goes_on_while_a_model_predicts() -> None:
    done = threading.Event()

    def slow(body: bytes) -> bytes:
        assert done.wait(30)
        return body

    async def both() -> bool:
        app = front_of(slow).around(inner)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            prediction = asyncio.create_task(client.post("/predict", headers=JSON, content=b"{}"))
            await asyncio.sleep(0.05)
            start = time.monotonic()
            await client.get("/version")
            waited = time.monotonic() - start
            done.set()
            assert (await prediction).status_code == 200
            return waited < 10

    assert asyncio.run(both())


@pytest.mark.parametrize(("quick", "size", "inline"), [
    (True, 10, True), (True, 9000, False), (False, 10, False),
])  # fmt: skip
def test_only_a_quick_model_answers_small_bodies_on_the_event_loop(
    quick: bool, size: int, inline: bool
) -> None:
    threads: list[str] = []

    def answer(body: bytes) -> bytes:
        threads.append(threading.current_thread().name)
        return body

    front = Front(make_spec(doubles("x"), max_body_bytes=10_000))
    front.predictor = Answers(answer, quick)  # type: ignore[assignment]
    assert asyncio.run(_post(front, b"x" * size)).status_code == 200
    assert threads[0].startswith("predict") is not inline


def test_a_quick_model_is_never_called_from_two_threads_at_once() -> None:
    under_way, together = threading.Semaphore(1), []

    def answer(body: bytes) -> bytes:
        together.append(not under_way.acquire(blocking=False))
        time.sleep(0.02 if len(body) > 10 else 0)
        under_way.release()
        return body

    front = Front(make_spec(doubles("x"), max_body_bytes=10_000))
    front.predictor = Answers(answer, quick=True)  # type: ignore[assignment]

    async def mixed() -> None:
        await asyncio.gather(*(_post(front, b"x" * size) for size in (9000, 1, 9000, 1, 1)))

    asyncio.run(mixed())
    assert together == [False] * 5


async def _post(front: Front, body: bytes) -> httpx.Response:
    transport = httpx.ASGITransport(app=front.around(inner))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.post("/predict", content=body, headers=JSON)
