"""Datasets: the same data has the same digest, other data another."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from labline.datasets import NotATable, describe
from labline.records import Column

FRAME = pd.DataFrame(
    {"a": [1.0, np.nan, 3.0], "b": ["x", "y", None], "t": pd.to_datetime(["2026-01-01"] * 3)}
)


def digest(table: object) -> str:
    return describe(table, "data").digest


def test_a_table_is_described() -> None:
    found = describe(FRAME, "train", "data/train.csv")
    assert (found.name, found.rows, found.source) == ("train", 3, "data/train.csv")
    assert [(c.name, c.nulls) for c in found.columns] == [("a", 1), ("b", 1), ("t", 0)]
    assert found.columns[0] == Column("a", "float64", 1)
    assert len(found.digest) == 64


def test_the_same_data_has_the_same_digest_in_another_process() -> None:
    program = (
        "import pandas as pd; from labline.datasets import describe;"
        "print(describe(pd.DataFrame({'a': [1, 2], 'b': ['x', 'y'], 'c': [[1], {2: 3}]}), 'd')"
        ".digest)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout
        for _ in range(2)
    ]
    here = digest(pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [[1], {2: 3}]}))
    assert {run.decode().strip() for run in runs} == {here}


def test_the_index_and_the_name_do_not_matter() -> None:
    other = describe(FRAME.set_index(pd.Index([7, 8, 9])), "other name")
    assert other.digest == digest(FRAME)


@pytest.mark.parametrize(
    "other",
    [
        FRAME.iloc[::-1],
        FRAME[["b", "a", "t"]],
        FRAME.rename(columns={"a": "A"}),
        FRAME.astype({"a": "float32"}),
        FRAME.fillna({"a": 0.0}),
        FRAME.iloc[:2],
    ],
    ids=["rows", "columns", "name", "type", "value", "length"],
)
def test_any_difference_in_the_data_is_another_digest(other: pd.DataFrame) -> None:
    assert digest(other) != digest(FRAME)


def test_arrays_and_series_are_tables_too() -> None:
    assert [c.name for c in describe(np.zeros((4, 2)), "X").columns] == ["0", "1"]
    assert describe(np.zeros(4), "y").columns == (Column("y", "float64"),)
    assert describe(pd.Series([1, 2], name="churned"), "y").columns[0].name == "churned"
    assert describe(pd.Series([1, 2]), "y").columns[0].name == "y"


def test_whatever_speaks_arrow_is_a_table() -> None:
    class Stream:
        def __arrow_c_stream__(self, schema: object = None) -> object:
            return pa.table({"a": [1, 2]}).__arrow_c_stream__(schema)

    assert (
        digest(Stream()) == digest(pa.table({"a": [1, 2]})) == digest(pd.DataFrame({"a": [1, 2]}))
    )


def test_duplicate_and_layered_column_names_are_no_trouble() -> None:
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    layered = pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")]))
    assert [c.name for c in describe(twice, "d").columns] == ["a", "a"]
    assert describe(layered, "d").columns[0].name == "('a', 'b')"


def test_an_empty_table_is_a_table() -> None:
    assert describe(pd.DataFrame({"a": []}), "d").rows == 0


@pytest.mark.parametrize("value", [[1, 2], "text", np.zeros((2, 2, 2)), None])
def test_anything_else_is_refused_by_its_type(value: object) -> None:
    with pytest.raises(NotATable, match="'data' is a "):
        describe(value, "data")
