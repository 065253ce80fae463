"""Whatever is sent to a service, it answers it cleanly, quickly, and goes on as before."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from tests.integration.hostile import Case, cases
from tests.integration.serving_models import (
    Instance,
    booted,
    passengers,
    pipeline,
    project,
    save,
    version_of,
)

from labline.serving import export

PROBLEM = "application/problem+json"
ROW: dict[str, Any] = {
    "class": 3,
    "sex": "male",
    "age": None,
    "fare": 7.25,
    "port": "S",
    "alone": True,
    "booked": "1912-04-01T00:00:00",
}
GOOD = json.dumps({"rows": [ROW]}).encode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """A service with the limits that every service has unless told otherwise."""
    table = passengers()
    place = tmp_path_factory.mktemp("hostile")
    settings = project(place / "project", '[serving]\nbody_timeout = "2s"\n')
    folder = save("sklearn", place / "titanic", pipeline(table), table)
    bento = export(folder, version_of("titanic"), settings=settings)
    with booted(bento, place) as instance:
        yield instance


def many(row: str, count: int = 1_000_000) -> bytes:
    """Return so many rows, as JSON."""
    return b'{"rows":[' + b",".join([row.encode()] * count) + b"]}"


def with_(**changes: Any) -> bytes:
    return json.dumps({"rows": [ROW, ROW | changes]}).encode()


NAMED: list[tuple[str, int, bytes, str | None]] = [
    ("malformed JSON", 400, b'{"rows": [', None),
    ("unknown column", 422, with_(cabin="C85"), "cabin"),
    ("missing column", 422, json.dumps({"rows": [ROW, {"class": 3}]}).encode(), "sex"),
    ("null in a required column", 422, with_(fare=None), "fare"),
    ("a number as a string", 422, with_(fare="7.25"), "fare"),
    ("NaN", 400, b'{"rows": [{"fare": NaN}]}', None),
    ("infinity", 400, b'{"rows": [{"fare": 1e999}]}', None),
    ("a body of more than 10 MB", 413, b'{"rows": [' + b" " * 11_000_000 + b"]}", None),
    ("4 MB of nothing", 422, b'{"rows": [' + b" " * 4_000_000 + b"]}", "rows"),
    ("4 MB of one word", 422, b'{"rows": "' + b"x" * 4_000_000 + b'"}', "rows"),
    ("a million rows", 413, many('{"x":1}'), None),
    ("two million values", 413, b'{"columns":{"x":[' + b"1," * 2_000_000 + b"1]}}", None),
    ("fifty thousand names", 422, b'{"dataframe_split":{"data":[],"columns":['
     + b",".join(b'"%d"' % n for n in range(50_000)) + b"]}}", "0"),
    ("deep nesting", 400, b'{"rows":' + b"[" * 1_000_000, None),
    ("deep nesting in a row", 422, GOOD.replace(b"7.25", b"[" * 900 + b"]" * 900), "fare"),
    ("a repeated key", 400, GOOD.replace(b'"sex"', b'"age": 1, "sex"'), None),
    ("invalid UTF-8", 400, b'{"rows": [{"sex": "\xff\xfe"}]}', None),
    ("a megabyte of a repeated key", 400, GOOD[:-1] + b',"params":{' + b'"a":1,' * 150_000
     + b'"a":1}}', None),
]  # fmt: skip


def quickest(ask: Callable[[], httpx.Response], limit: float) -> tuple[httpx.Response, float]:
    """Return an answer and the best of several times: others work on this machine, too."""
    best = float("inf")
    for _ in range(30):
        start = time.perf_counter()
        answer = ask()
        best = min(best, time.perf_counter() - start)
        if best < limit:
            break
    return answer, best


# A machine that does ten other things says little of milliseconds.
@pytest.mark.parametrize("limit", [1.0, pytest.param(0.05, marks=pytest.mark.proof)])
@pytest.mark.parametrize(("name", "status", "body", "field"), NAMED, ids=[n for n, *_ in NAMED])
def test_bad_input_by_name_is_refused_quickly_and_named(
    served: Instance, name: str, status: int, body: bytes, field: str | None, limit: float
) -> None:
    answer, taken = quickest(lambda: served.predict(body), limit)
    assert answer.status_code == status, answer.text
    clean(answer)
    if field is not None:
        assert field in {error["field"] for error in answer.json()["errors"]}
    assert taken < limit, f"{name} took {taken * 1000:.0f} ms"
    assert served.predict(GOOD).status_code == 200


@pytest.mark.parametrize("limit", [1.0, pytest.param(0.05, marks=pytest.mark.proof)])
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "", "application/json; charset=latin-1"]
)
def test_a_wrong_content_type_is_refused_as_quickly(
    served: Instance, kind: str, limit: float
) -> None:
    def ask() -> httpx.Response:
        return served.client.post("/predict", content=GOOD, headers={"content-type": kind})

    answer, taken = quickest(ask, limit)
    assert answer.status_code == 415, answer.text
    clean(answer)
    assert taken < limit, f"{kind!r} took {taken * 1000:.0f} ms"


def clean(answer: httpx.Response) -> None:
    """Assert that an answer is a prediction, or a problem that says all it must."""
    assert answer.status_code < 500, answer.text
    if answer.status_code < 400 or answer.request.method == "HEAD":
        return
    if answer.text == "Invalid HTTP request received.":
        assert answer.status_code == 400
        return
    assert answer.headers["content-type"] == PROBLEM, answer.text
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["type"].startswith("urn:labline:problem:")
    assert problem["title"]
    assert problem["detail"]
    if answer.status_code == 422:
        assert all({"field", "row", "message"} == set(error) for error in problem["errors"])


def memory(served: Instance) -> float:
    """Return the bytes that the process holds."""
    page = served.client.get("/metrics").text
    (line,) = (x for x in page.splitlines() if x.startswith("process_resident_memory_bytes "))
    return float(line.split()[1])


def send(served: Instance, case: Case) -> httpx.Response | None:
    """Send a request; ``None`` where it is none that HTTP knows."""
    try:
        return served.client.request(
            case.method, case.path, content=case.body, headers=case.headers
        )
    except httpx.LocalProtocolError:
        return None


@pytest.mark.parametrize("count", [300, pytest.param(10_000, marks=pytest.mark.proof)])
def test_whatever_is_sent_is_no_5xx_and_leaves_no_memory_behind(
    served: Instance, count: int
) -> None:
    told: dict[int, int] = {}
    for case in cases(1, 200, ROW):
        send(served, case)
    before = memory(served)
    for number, case in enumerate(cases(2, count, ROW)):
        answer = send(served, case)
        if answer is not None:
            assert answer.status_code < 500, (number, case, answer.text)
            clean(answer)
            told[answer.status_code] = told.get(answer.status_code, 0) + 1
    grown = memory(served) - before
    print(f"{count} cases: {told}, memory {before / 2**20:.0f} MiB, grown {grown / 2**20:.1f} MiB")
    assert {200, 400, 404, 405, 415, 422} <= set(told), told
    assert grown < before * 0.05


def raw(served: Instance, *parts: bytes, wait: float = 30) -> bytes:
    """Send bytes over a connection of their own and return what comes until it is closed."""
    address = (served.client.base_url.host, served.client.base_url.port)
    with socket.create_connection(address, timeout=wait) as connection:
        for part in parts:
            connection.sendall(part)
        said = b""
        while chunk := connection.recv(65536):
            said += chunk
        return said


def head(length: int, *more: bytes) -> bytes:
    lines = [b"POST /predict HTTP/1.1", b"Host: x", b"Content-Type: application/json", *more]
    return b"\r\n".join([*lines, b"Content-Length: %d" % length, b"", b""])


def test_a_client_that_sends_too_slowly_is_told_so_and_let_go(served: Instance) -> None:
    start = time.monotonic()
    said = raw(served, head(1000), b'{"rows"')
    assert said.startswith(b"HTTP/1.1 408"), said
    assert b"did not come within 2 seconds" in said
    assert 1.5 < time.monotonic() - start < 20


@pytest.mark.parametrize("noise", [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
    b"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
], ids=["TLS", "no path", "negative length", "two lengths", "broken chunk"])  # fmt: skip
def test_what_is_no_http_is_a_400(served: Instance, noise: bytes) -> None:
    assert raw(served, noise).startswith(b"HTTP/1.1 400")
    assert served.predict(GOOD).status_code == 200


def test_clients_that_hang_up_leave_nothing_behind(served: Instance) -> None:
    address = (served.client.base_url.host, served.client.base_url.port)
    before = len(served.log.read_text())
    for sent in (head(1000), head(1000) + b'{"rows"', head(len(GOOD)) + GOOD) * 20:
        with socket.create_connection(address) as connection:
            connection.sendall(sent)
    assert served.predict(GOOD).status_code == 200
    assert served.log.read_text()[before:] == ""


@pytest.mark.parametrize("examples", [50, pytest.param(2000, marks=pytest.mark.proof)])
def test_the_openapi_document_holds_what_it_says(served: Instance, examples: int) -> None:
    """Schemathesis makes requests from the document, right and wrong ones, and checks answers."""
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    # The document says in words which years there are; generators read the format only.
    years = st.datetimes(datetime(1700, 1, 1), datetime(2200, 1, 1))
    schemathesis.openapi.format("date-time", years.map(datetime.isoformat))
    schema = schemathesis.openapi.from_url(f"{served.client.base_url}/openapi.json")
    for result in schema.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=examples, deadline=None, derandomize=True, database=None,
                  suppress_health_check=list(HealthCheck), phases=[Phase.generate])  # fmt: skip
        def check(case: Any) -> None:
            case.call_and_validate(
                excluded_checks=[positive_data_acceptance] if uneven(case.body) else []
            )

        check()


def uneven(body: Any) -> bool:
    """Whether columns are of several lengths, which a schema cannot forbid."""
    columns = next(iter(body.values())) if isinstance(body, dict) and body else None
    lists = columns.values() if isinstance(columns, dict) else []
    return len({len(values) for values in lists if isinstance(values, list)}) > 1
