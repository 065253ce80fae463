"""The prediction log, as releases write it and as it is read."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from labline.monitoring import log
from labline.monitoring.log import PredictionLog, Span

sys.path.insert(0, str(Path(__file__).parents[3] / "bentos" / "pyfunc"))
from bento_pyfunc.records import Record, Records, Rules
from bento_pyfunc.spool import Spool

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
JSON = "application/json"


def write(folder: Path, *times: float, model: str = "flats/1") -> None:
    """Have a service write one file, as it does."""
    rules = Rules(folder, 1.0, 1e12, 2**40, 60.0, "flats", 1)
    kept = Records(rules, model)
    for at in times:
        kept._waiting.append(Record(f"r{at:.0f}", at, 1.0, "predict", JSON, JSON, b"{}", b"{}"))
    kept.stop()
    kept._flush()


def ids(folder: Path, span: Span, **more: Any) -> list[str]:
    found = PredictionLog(folder).find(span, **{"most": 1000} | more)
    return list(found.table["request_id"].to_pylist())


def test_requests_of_a_span_come_in_the_order_of_time(tmp_path: Path) -> None:
    write(tmp_path, NOON + 3, NOON + 5)
    write(tmp_path, NOON + 4, NOON + 90_000)
    write(tmp_path, NOON - 90_000)
    there = [f"r{NOON + n:.0f}" for n in (3, 4, 5)]
    assert ids(tmp_path, Span(NOON, NOON + 60)) == there
    assert ids(tmp_path, Span(NOON + 4, NOON + 5)) == there[1:2], "the end is left out"
    assert len(ids(tmp_path, Span(NOON - 1e6, NOON + 1e6))) == 5


def test_an_endpoint_without_a_log_has_no_requests(tmp_path: Path) -> None:
    found = PredictionLog(tmp_path / "none").find(Span(NOON, NOON + 60), most=10)
    assert (found.total, found.table.num_rows) == (0, 0)


def test_requests_of_one_version_can_be_asked_for_and_all_are_counted(tmp_path: Path) -> None:
    write(tmp_path, NOON, NOON + 1)
    write(tmp_path, NOON + 2, model="flats/2")
    span = Span(NOON, NOON + 60)
    assert ids(tmp_path, span, model="flats/2") == [f"r{NOON + 2:.0f}"]
    assert PredictionLog(tmp_path).models(span) == {"flats/1": 2, "flats/2": 1}


def test_of_many_some_are_spread_evenly_or_the_newest(tmp_path: Path) -> None:
    write(tmp_path, *(NOON + n for n in range(10)))
    span = Span(NOON, NOON + 60)
    assert ids(tmp_path, span, most=4) == [f"r{NOON + n:.0f}" for n in (0, 3, 6, 9)]
    assert ids(tmp_path, span, most=2, newest=True) == [f"r{NOON + n:.0f}" for n in (8, 9)]
    assert PredictionLog(tmp_path).find(span, most=2).total == 10


def test_a_file_that_is_replaced_and_still_there_does_not_count_twice(tmp_path: Path) -> None:
    # As a service leaves it that is killed between the replacement and the removal.
    parts = tmp_path / "parts"
    spool = Spool(tmp_path / "log", keep=1e12, most=2**40)
    for n in range(16):
        row = {"request_id": f"r{n}", "at": datetime.fromtimestamp(NOON + n, UTC)}
        empty = dict.fromkeys(log.schema().names)
        spool.write(pa.Table.from_pylist([empty | row], log.schema()), NOON + n, NOON + n)
    shutil.copytree(tmp_path / "log", parts)
    spool.settle()
    shutil.copytree(parts, tmp_path / "log", dirs_exist_ok=True)
    assert len(list((tmp_path / "log").rglob("*.parquet"))) == 17
    assert ids(tmp_path / "log", Span(NOON, NOON + 60)) == [f"r{n}" for n in range(16)]


def test_half_a_file_is_not_read(tmp_path: Path) -> None:
    write(tmp_path, NOON)
    (path,) = tmp_path.rglob("*.parquet")
    path.with_name(f".{path.name}.partial").write_bytes(path.read_bytes()[:100])
    assert len(ids(tmp_path, Span(NOON, NOON + 60))) == 1


def test_a_file_that_is_replaced_while_it_is_read_is_looked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, NOON)
    chosen, calls = log._chosen, []

    def gone_once(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 1:
            raise FileNotFoundError(arguments[0])
        return chosen(*arguments)

    monkeypatch.setattr(log, "_chosen", gone_once)
    assert len(ids(tmp_path, Span(NOON, NOON + 60))) == 1
