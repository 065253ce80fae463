"""What a table looks like, without its rows."""

import json

import numpy as np
import pandas as pd

from labline.datasets import digests
from labline.datasets.profile import MOST_ROWS, binned, column, profile
from labline.datasets.schema import learn, misfits

TABLE = pd.DataFrame(
    {
        "n": pd.array([1, 2, None, 2], dtype="Int64"),
        "x": [0.5, np.nan, 2.5, 9.0],
        "word": ["a", "b", "a", None],
        "yes": [True, False, True, True],
        "day": pd.to_datetime(["2026-01-01", None, "2026-01-03", "2026-01-04"]),
        "none": [None] * 4,
    }
)


def test_each_column_is_told_by_its_kind() -> None:
    columns = profile(TABLE, "X")["columns"]
    assert [item["type"] for item in columns.values()] == [
        "number", "number", "text", "boolean", "time", "empty",
    ]  # fmt: skip
    assert [item["nulls"] for item in columns.values()] == [1, 1, 1, 0, 1, 4]
    assert (columns["x"]["min"], columns["x"]["max"], columns["x"]["mean"]) == (0.5, 9.0, 4.0)
    assert columns["word"]["values"] == {"a": 2, "b": 1}


def test_names_and_notes_are_counted_but_not_kept() -> None:
    people = pd.DataFrame({"name": [f"person {n}" for n in range(40)], "kind": ["a", "b"] * 20})
    text = json.dumps(kept := profile(people, "X"))
    assert "person" not in text
    assert kept["columns"]["name"]["distinct"] == 40
    assert kept["columns"]["kind"]["values"] == {"a": 20, "b": 20}


def test_of_a_large_table_rows_spread_evenly_are_looked_at() -> None:
    table = pd.DataFrame({"a": np.arange(MOST_ROWS * 4 + 1)})
    kept = profile(table, "X")
    assert kept["rows"] == MOST_ROWS * 4 + 1
    assert MOST_ROWS * 0.7 < kept["seen"] <= MOST_ROWS
    assert kept["columns"]["a"]["max"] > MOST_ROWS * 3.9


def test_it_is_json_whatever_the_numbers_are() -> None:
    odd = pd.DataFrame({"a": [np.inf, -np.inf, np.nan], "b": [1e308, 1e308, -1e308]})
    json.dumps(profile(odd, "X"), allow_nan=False)


def test_labels_of_few_whole_numbers_are_classes_and_others_are_numbers() -> None:
    table = pd.DataFrame({"a": np.arange(100.0)})
    classes = profile(table, "X", np.arange(100) % 3)["labels"]
    assert classes["values"] == {"0": 34, "1": 33, "2": 33}
    assert profile(table, "X", table["a"] / 7)["labels"]["type"] == "number"


def test_a_row_has_one_digest_as_integers_as_floats_and_through_json() -> None:
    there = digests.of_rows(TABLE.drop(columns="none"))
    rows = [
        {"n": 1, "x": 0.5, "word": "a", "yes": True, "day": "2026-01-01T00:00:00"},
        {"n": 2.0, "x": None, "word": "b", "yes": False, "day": None},
    ]
    assert digests.of_rows(pd.DataFrame(rows, dtype=object)).tolist() == there[:2].tolist()
    assert len(set(there.tolist())) == 4


def test_repeats_and_twins_are_counted() -> None:
    found = digests.of_rows(pd.DataFrame({"a": [1, 1, 1, 2, 3, 3]}))
    assert (digests.repeats(found), digests.twins(found)) == (3, 5)
    assert digests.unpacked(digests.packed(found)).tolist() == sorted(set(found.tolist()))


def test_a_cut_belongs_to_the_bin_below_it() -> None:
    assert binned([0, 1, 1.5, 2, 9], [1, 2]) == [2, 2, 1]
    values = [0.0] * 90 + list(range(1, 11))
    told = column(values)
    assert (told["counts"], told["cuts"]) == ([90, 10], [0.0])


def test_the_schema_is_panderas_and_tells_what_misfits() -> None:
    document = learn(profile(TABLE.drop(columns=["none", "day"]), "X")["columns"])
    assert document["schema_type"] == "dataframe"
    others = pd.DataFrame(
        {"n": [1.0, 7.0], "x": [None, -1.0], "word": ["z", "a"], "yes": [None, "True"]}
    )
    found = {(item.column, item.check): item for item in misfits(document, others)}
    assert set(found) == {("n", "range"), ("x", "range"), ("word", "category"), ("yes", "null")}
    assert (found["n", "range"].rows, found["n", "range"].example) == (1, 7.0)
