"""Tables in small files, few of them."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from bento_pyfunc import spool
from bento_pyfunc.spool import Spool

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


def table(*numbers: int) -> pa.Table:
    return pa.table({"n": list(numbers)})


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("date=*/*.parquet"))


def numbers(folder: Path) -> list[int]:
    read = [parquet.read_table(each, partitioning=None)["n"].to_pylist() for each in files(folder)]
    return sorted(n for each in read for n in each)


def test_a_file_says_when_its_rows_came_and_lies_in_their_day(tmp_path: Path) -> None:
    Spool(tmp_path, keep=1e9, most=2**30).write(table(1, 2), NOON, NOON + 61.5)
    (path,) = files(tmp_path)
    assert path.parent.name == "date=2026-03-01"
    assert path.name.startswith("120000000-120101500-")


def test_sixteen_files_become_one_that_says_what_it_replaces(tmp_path: Path) -> None:
    kept = Spool(tmp_path, keep=1e9, most=2**30)
    for n in range(16):
        kept.write(table(n), NOON + n, NOON + n)
        kept.settle()
    (path,) = files(tmp_path)
    assert numbers(tmp_path) == list(range(16))
    assert path.name.startswith("120000000-120015000-")
    assert len(eval(parquet.read_schema(path).metadata[spool.REPLACES])) == 16


def test_a_day_of_files_stays_few(tmp_path: Path) -> None:
    kept = Spool(tmp_path, keep=1e9, most=2**30)
    for n in range(300):
        kept.write(table(n), NOON + n, NOON + n)
        kept.settle()
    assert numbers(tmp_path) == list(range(300))
    assert len(files(tmp_path)) < 32


def test_the_oldest_files_go_where_there_is_too_much(tmp_path: Path) -> None:
    kept = Spool(tmp_path, keep=1e9, most=2**30)
    for n in range(3):
        kept.write(table(n), NOON + n * 86400, NOON + n * 86400)
    size = files(tmp_path)[0].stat().st_size
    Spool(tmp_path, keep=1e9, most=2 * size).tidy()
    assert numbers(tmp_path) == [1, 2]
    assert len(list(tmp_path.iterdir())) == 2, "a day without files has no folder"


def test_files_that_are_too_old_go_and_so_does_what_nobody_completed(tmp_path: Path) -> None:
    kept = Spool(tmp_path, keep=60, most=2**30)
    kept.write(table(1), NOON, NOON)
    kept.write(table(2), NOON, NOON)
    half = files(tmp_path)[0].with_name(".half.parquet.partial")
    half.write_bytes(b"PAR1")
    long_ago = time.time() - 7200
    for path in (files(tmp_path)[0], half):
        os.utime(path, (long_ago, long_ago))
    kept.tidy()
    assert numbers(tmp_path) == [2]
    assert not half.exists()


def test_a_file_that_another_process_completes_meanwhile_is_no_error(tmp_path: Path) -> None:
    kept = Spool(tmp_path, keep=60, most=2**30)
    kept.write(table(1), NOON, NOON)
    # A link to nothing: it is there when the folder is listed, and not when it is looked at.
    files(tmp_path)[0].with_name(".other.parquet.partial").symlink_to(tmp_path / "gone")
    kept.tidy()
    assert numbers(tmp_path) == [1]


def test_what_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        Spool(tmp_path, keep=1e9, most=2**30).write(table(1), NOON, NOON)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
