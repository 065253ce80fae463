import io
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

from labline.datasets import describe
from labline.kernel.sight import Sight

FRAME = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None]})
Noted = list[dict[str, Any]]


@pytest.fixture
def noted() -> Noted:
    return []


@pytest.fixture
def sight(noted: Noted, tmp_path: Path) -> Iterator[Sight]:
    sight = Sight(noted.append, tmp_path)
    yield sight
    sight.close()


@pytest.fixture
def table(tmp_path: Path) -> Path:
    FRAME.to_csv(tmp_path / "pets.csv", index=False)
    FRAME.to_parquet(tmp_path / "pets.parquet")
    return tmp_path / "pets.csv"


def facts(noted: Noted) -> list[tuple[str, str, int]]:
    return [(item["name"], item["source"], item["rows"]) for item in noted]


def test_what_is_read_is_noted_with_its_source(
    sight: Sight, noted: Noted, table: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("other") / "far.csv"
    elsewhere.write_bytes(table.read_bytes())
    pd.read_csv(table)
    pd.read_csv(filepath_or_buffer=str(elsewhere))
    with table.open() as stream:
        pd.read_csv(stream, nrows=1)
    pd.read_csv(io.StringIO("a\n1"))
    sight.close()
    assert facts(noted) == [
        ("pets", "pets.csv", 3),
        ("far", str(elsewhere), 3),
        ("pets", "pets.csv", 1),
        ("csv", "memory", 1),
    ]
    assert noted[0]["digest"] == describe(FRAME, "pets").digest
    assert noted[0]["context"] == "read"


def test_the_digest_is_of_what_was_read_whatever_becomes_of_it(
    sight: Sight, noted: Noted, table: Path
) -> None:
    frame = pd.read_csv(table)
    frame.loc[0, "a"] = 99
    frame["a"] += 1
    sight.close()
    assert noted[0]["digest"] == describe(FRAME, "pets").digest


def test_pandas_reading_through_pyarrow_is_noted_once(
    sight: Sight, noted: Noted, table: Path
) -> None:
    pd.read_parquet(table.with_suffix(".parquet"))
    pa.parquet.read_table(table.with_suffix(".parquet"))
    pa.csv.read_csv(table)
    sight.close()
    assert [item["name"] for item in noted] == ["pets", "pets"], "the same from the same file"


def test_a_query_is_its_own_source(sight: Sight, noted: Noted) -> None:
    import sqlite3

    connection = sqlite3.connect(":memory:")
    pd.read_sql("select 1 as one", connection)
    connection.close()
    sight.close()
    assert facts(noted) == [("query", "select 1 as one", 1)]


def test_readers_are_themselves_again_afterwards(sight: Sight, noted: Noted, table: Path) -> None:
    watched = pd.read_csv
    assert pickle.loads(pickle.dumps(watched)) is watched
    assert (watched.__name__, watched.__doc__) == ("read_csv", watched.__wrapped__.__doc__)
    with pytest.raises(FileNotFoundError):
        pd.read_csv(table.with_name("none.csv"))
    assert sum(len(chunk) for chunk in pd.read_csv(table, chunksize=2)) == 3
    sight.close()
    assert pd.read_csv is watched.__wrapped__
    pd.read_csv(table)
    assert noted == []
    assert not any(type(finder).__module__ == "labline.kernel.sight" for finder in sys.meta_path)


def test_a_library_imported_later_is_watched_from_then_on(
    noted: Noted, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pyarrow.csv")
    sight = Sight(noted.append, tmp_path)
    from pyarrow.csv import read_csv

    assert type(read_csv).__name__ == "Reader"
    read_csv(table)
    sight.close()
    assert facts(noted) == [("pets", "pets.csv", 3)]
