"""The prediction log of a service."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as parquet
import pytest
from bento_pyfunc import records
from bento_pyfunc.front import Front
from bento_pyfunc.metrics import KEPT, LOST
from bento_pyfunc.records import Record, Records, Rules
from tests.unit.serving.specs import doubles, make_spec
from tests.unit.serving.test_front import JSON, Answers, inner


def rules(folder: Path, **more: Any) -> Rules:
    plain = {"share": 1.0, "keep": 1e9, "most": 2**30, "every": 60.0, "endpoint": "", "release": 1}
    return Rules(folder, **plain | more)


def record(id: str = "a", request: bytes = b"{}", at: float = 0.0) -> Record:
    kind = "application/json"
    return Record(id, at or time.time(), 1.5, "predict", kind, kind, request, b"[1]")


def rows(folder: Path) -> list[dict[str, Any]]:
    found = [parquet.read_table(each, partitioning=None) for each in folder.rglob("*.parquet")]
    return [row for table in found for row in table.to_pylist()]


@pytest.fixture
def model(request: pytest.FixtureRequest) -> str:
    """A model's name of its own: Prometheus' counters are the process's."""
    return f"{request.node.name}/1"


@pytest.fixture
def log(tmp_path: Path, model: str) -> Iterator[Records]:
    made = Records(rules(tmp_path), model)
    yield made
    made.stop()


def lost(model: str, reason: str) -> float:
    return float(LOST.labels(model, reason)._value.get())


def test_what_was_asked_and_answered_is_in_a_file_when_the_service_ends(
    log: Records, tmp_path: Path, model: str
) -> None:
    log.offer(record("order-7", b'{"rows":[{"x":1}]}'))
    log.stop()
    (row,) = rows(tmp_path)
    assert row["request_id"] == "order-7"
    assert (row["inputs"], row["outputs"]) == (b'{"rows":[{"x":1}]}', b"[1]")
    assert (row["model"], row["verb"], row["release"]) == (model, "predict", 1)
    assert abs(row["at"].timestamp() - time.time()) < 60
    assert KEPT.labels(model)._value.get() == 1


def test_without_a_folder_nothing_is_kept() -> None:
    spec = make_spec(doubles("x"))
    assert records.kept(spec, {}) is None
    assert records.kept(spec, {"LABLINE_RECORDS": ""}) is None


def test_the_environment_says_how_much_and_how_long(tmp_path: Path) -> None:
    environ = {"LABLINE_RECORDS": str(tmp_path), "LABLINE_RECORDS_SHARE": "0.25",
               "LABLINE_RECORDS_KEEP": "60", "LABLINE_RECORDS_BYTES": "1000",
               "LABLINE_RECORDS_ENDPOINT": "flats", "LABLINE_RECORDS_RELEASE": "3"}  # fmt: skip
    found = Rules.read(environ)
    assert found == Rules(tmp_path, 0.25, 60.0, 1000, 5.0, "flats", 3)


def test_a_sample_is_of_ids_so_that_two_services_keep_the_same(tmp_path: Path, model: str) -> None:
    ids = [f"request-{n}" for n in range(400)]
    kept = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        log = Records(rules(folder, share=0.25), model)
        for id in ids:
            log.offer(record(id))
        log.stop()
        kept.append(sorted(row["request_id"] for row in rows(folder)))
    assert kept[0] == kept[1]
    assert 60 <= len(kept[0]) <= 140


def test_what_is_too_large_is_counted_and_not_kept(
    log: Records, tmp_path: Path, model: str
) -> None:
    log.offer(record(request=b"x" * (2**20 + 1)))
    log.stop()
    assert rows(tmp_path) == []
    assert lost(model, "size") == 1


def test_where_too_much_waits_records_are_lost_and_counted_and_nobody_waits(
    log: Records, tmp_path: Path, model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_MOST", 3)
    monkeypatch.setattr(Records, "_begin", lambda self: None)  # the disk is slow for ever
    for n in range(5):
        log.offer(record(str(n)))
    assert lost(model, "queue") == 2
    log._flush()
    assert [row["request_id"] for row in rows(tmp_path)] == ["0", "1", "2"]
    log.offer(record("later"))
    log._flush()
    assert len(rows(tmp_path)) == 4, "there is room again"


def test_a_disk_that_takes_nothing_loses_records_and_says_so_once(
    tmp_path: Path, model: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    log = Records(rules(tmp_path / "file"), model)
    for n in range(2):
        log.offer(record(str(n)))
        log._flush()
    log.stop()
    assert lost(model, "disk") == 2
    assert len([line for line in caplog.messages if "prediction log" in line]) == 1


def test_records_on_both_sides_of_midnight_lie_in_both_days(log: Records, tmp_path: Path) -> None:
    midnight = 20_000 * 86400.0
    log.offer(record("after", at=midnight + 1))
    log.offer(record("before", at=midnight - 1))
    log.stop()
    assert {path.parent.name for path in tmp_path.rglob("*.parquet")} == {
        "date=2024-10-03",
        "date=2024-10-04",
    }


def ask(front: Front, **headers: str) -> httpx.Response:
    async def call() -> httpx.Response:
        transport = httpx.ASGITransport(front.around(inner))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.post("/predict", content=b"{}", headers=JSON | headers)

    return asyncio.run(call())


@pytest.fixture
def front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    monkeypatch.setenv("LABLINE_RECORDS", str(tmp_path))
    made = Front(make_spec(doubles("x")))
    made.predictor = Answers(lambda body: body + b"!")  # type: ignore[assignment]
    yield made
    assert made._records is not None
    made._records.stop()


def test_a_request_is_recorded_under_the_id_that_its_answer_has(
    front: Front, tmp_path: Path
) -> None:
    response = ask(front)
    assert front._records is not None
    front._records.stop()
    (row,) = rows(tmp_path)
    assert row["request_id"] == response.headers["x-request-id"]
    assert row["outputs"] == b"{}!"


def test_what_was_refused_or_nobody_heard_is_not_recorded(front: Front, tmp_path: Path) -> None:
    assert ask(front, **{"content-type": "text/plain"}).status_code == 415
    # Envoy marks the host of the copy that a shadow gets.
    assert ask(front, host="flats-shadow:8500").status_code == 200
    assert front._records is not None
    front._records.stop()
    assert rows(tmp_path) == []


def test_the_end_of_the_server_waits_for_what_is_being_written(
    front: Front, tmp_path: Path
) -> None:
    ask(front)
    told: list[str] = []

    async def over(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "lifespan.shutdown.complete"})

    async def send(message: Any) -> None:
        told.append(f"{message['type']}, {len(rows(tmp_path))} row")

    async def receive() -> Any:
        return {"type": "lifespan.shutdown"}

    asyncio.run(front.around(over)({"type": "lifespan"}, receive, send))
    assert told == ["lifespan.shutdown.complete, 1 row"]


def test_a_rule_that_is_no_number_is_named() -> None:
    environ = {"LABLINE_RECORDS": "/records", "LABLINE_RECORDS_KEEP": "30d"}
    with pytest.raises(ValueError, match="LABLINE_RECORDS_KEEP is '30d', which is no number"):
        Rules.read(environ)
