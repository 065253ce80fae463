"""Rows and columns to the DataFrame that the model takes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bento_pyfunc.problems import Problem
from bento_pyfunc.tables import TableCodec

INPUTS: list[dict[str, Any]] = [
    {"name": "amount", "type": "double"},
    {"name": "ratio", "type": "float", "required": False},
    {"name": "count", "type": "long"},
    {"name": "small", "type": "integer"},
    {"name": "city", "type": "string", "required": False},
    {"name": "new", "type": "boolean"},
    {"name": "seen", "type": "datetime", "required": False},
    {"name": "photo", "type": "binary"},
]
ROW: dict[str, Any] = {
    "amount": 1.5,
    "ratio": 0.25,
    "count": 7,
    "small": -3,
    "city": "Oslo",
    "new": True,
    "seen": "2026-01-31T12:30:00",
    "photo": "AAE=",
}


def read(document: dict[str, Any], inputs: list[dict[str, Any]] = INPUTS) -> pd.DataFrame:
    codec = TableCodec(inputs)
    return codec.table(codec.read(document, next(iter(document))))


def errors(document: dict[str, Any], inputs: list[dict[str, Any]] = INPUTS) -> list[Any]:
    with pytest.raises(Problem) as caught:
        read(document, inputs)
    assert caught.value.status == 422
    return [tuple(error) for error in caught.value.errors]


def test_every_type_arrives_as_mlflow_would_have_it() -> None:
    table = read({"rows": [ROW]})
    assert [str(dtype) for dtype in table.dtypes] == [
        "float64", "float32", "int64", "int32", "str", "bool", "datetime64[ns]", "object",
    ]  # fmt: skip
    assert table["seen"][0] == pd.Timestamp(2026, 1, 31, 12, 30)
    assert table["photo"][0] == b"\x00\x01"


@pytest.mark.parametrize(
    "document",
    [
        {"rows": [ROW, ROW]},
        {"rows": [dict(reversed(ROW.items()))] * 2},
        {"dataframe_records": [ROW, ROW]},
        {"instances": [ROW, ROW]},
        {"inputs": [ROW, ROW]},
        {"columns": {name: [value, value] for name, value in ROW.items()}},
        {"inputs": {name: [value, value] for name, value in reversed(ROW.items())}},
        {"dataframe_split": {"columns": list(ROW), "data": [list(ROW.values())] * 2}},
        {
            "dataframe_split": {
                "index": [5, 6],
                "columns": list(reversed(ROW)),
                "data": [list(reversed(ROW.values()))] * 2,
            }
        },
    ],
    ids="-".join,
)
def test_every_form_and_order_gives_the_same_table(document: dict[str, Any]) -> None:
    pd.testing.assert_frame_equal(read(document), read({"rows": [ROW, ROW]}))


@pytest.mark.parametrize(
    "document",
    [
        {"rows": [{k: v for k, v in ROW.items() if k not in ("ratio", "city", "seen")}]},
        {"rows": [ROW | {"ratio": None, "city": None, "seen": None}]},
        {"columns": {k: [v] for k, v in ROW.items() if k not in ("ratio", "city", "seen")}},
    ],
)
def test_an_optional_column_may_be_null_or_absent(document: dict[str, Any]) -> None:
    table = read(document)
    assert list(table.columns) == list(ROW)
    assert table[["ratio", "city", "seen"]].isna().all().all()


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("amount", None, "required and must not be null"),
        ("amount", "1.5", 'a number, not the string "1.5"'),
        ("amount", True, "a number, not true"),
        ("amount", [1.5], "a number, not a list"),
        ("amount", {"a": 1}, "a number, not an object"),
        ("ratio", 1e39, "too large for a 32-bit number"),
        ("count", 1.5, "a whole number, not the number 1.5"),
        ("count", 2.0**60, "a whole number, not the number 1.15"),
        ("small", 2.0**31, "a whole number of 32 bits"),
        ("count", True, "a whole number, not true"),
        ("count", 2**63, "a whole number, not the number 9223372036854775808"),
        ("count", "7", "a whole number"),
        ("small", 2**31, "a whole number of 32 bits"),
        ("city", 7, "a string, not the number 7"),
        ("new", 1, "true or false, not the number 1"),
        ("new", "true", "true or false"),
        ("seen", 1.5, "an ISO 8601 date and time"),
        ("seen", "yesterday", 'an ISO 8601 date and time, not the string "yesterday"'),
        ("seen", "2026-02-30", "an ISO 8601 date and time"),
        ("seen", "0001-01-01T00:00:00+14:00", "ISO 8601"),
        ("seen", "9999-01-01", "between the years 1678 and 2261"),
        ("photo", "not base64!", "base64 text"),
        ("photo", "a", "base64 text"),
    ],
)
def test_a_value_of_another_type_is_refused_where_it_stands(
    column: str, value: Any, message: str
) -> None:
    found = errors({"rows": [ROW, ROW | {column: value}]})
    assert [(name, row) for name, row, _ in found] == [(column, 1)]
    assert message in found[0][2]


def test_whole_numbers_are_taken_for_doubles() -> None:
    assert read({"rows": [ROW | {"amount": 3, "ratio": 2}]})["amount"].tolist() == [3.0]


def test_a_number_without_a_fraction_is_whole_however_it_is_written() -> None:
    table = read({"rows": [ROW | {"count": 7.0, "small": -3.0}]})
    pd.testing.assert_frame_equal(table, read({"rows": [ROW]}))


@pytest.mark.parametrize("required", [True, False])
def test_whole_numbers_of_32_bits_are_taken_up_to_the_last_and_none_beyond(required: bool) -> None:
    column = [{"name": "n", "type": "integer", "required": required}]
    rest = [] if required else [{}]
    ends = [{"n": -(2**31)}, {"n": 2**31 - 1}]
    assert read({"rows": ends + rest}, column)["n"].tolist()[:2] == [-(2**31), 2**31 - 1]
    for beyond in (-(2**31) - 1, 2**31, -(2**63), 2**63):
        ((name, row, message),) = errors({"rows": [*ends, {"n": beyond}, *rest]}, column)
        assert (name, row) == ("n", 2), beyond
        assert "whole number" in message


def test_a_time_with_a_zone_becomes_utc() -> None:
    table = read({"rows": [ROW | {"seen": "2026-01-31T12:30:00+02:00"}]})
    assert table["seen"][0] == pd.Timestamp(2026, 1, 31, 10, 30)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-31T12:30:00.123456789",
        "2026-01-31T12:30:00.12345678",
        "2026-01-31 13:30:00.1234567+01",
    ],
)
def test_a_time_keeps_its_nanoseconds(text: str) -> None:
    table = read({"rows": [ROW | {"seen": text}]})
    assert table["seen"][0] == pd.to_datetime(text, utc=True).tz_localize(None)


def test_nulls_among_optional_whole_numbers_keep_their_type() -> None:
    table = read(
        {"rows": [{"n": 2**53 + 1}, {"n": None}, {}]},
        [{"name": "n", "type": "long", "required": False}],
    )
    assert str(table["n"].dtype) == "Int64"
    assert table["n"][0] == 2**53 + 1
    assert table["n"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"rows": [{k: v for k, v in ROW.items() if k != "amount"}]}, ("amount", 0, "is missing")),
        ({"rows": [ROW | {"x": 1}]}, ("x", 0, "is not a column of the model")),
        ({"rows": [ROW, [1]]}, ("", 1, "must be an object, not a list")),
        ({"rows": {"a": 1}}, ("rows", None, "must be a list of objects, not an object")),
        ({"rows": "x"}, ("rows", None, 'must be a list of objects, not the string "x"')),
        ({"columns": [1]}, ("columns", None, "must be an object of lists, not a list")),
        (
            {"columns": {k: [v] for k, v in ROW.items()} | {"amount": 1.5}},
            ("amount", None, "must be a list of values, not the number 1.5"),
        ),
        (
            {"columns": {k: [v] for k, v in ROW.items()} | {"amount": [1.5, 2.5]}},
            ("ratio", None, "has 1 values where another column has 2"),
        ),
        ({"dataframe_split": {"columns": [], "rows": []}}, ("dataframe_split", None, None)),
        ({"dataframe_split": {"columns": 1, "data": []}}, ("dataframe_split", None, None)),
        ({"dataframe_split": [1]}, ("dataframe_split", None, None)),
        (
            {"dataframe_split": {"columns": ["amount", "amount"], "data": [[1, 2]]}},
            ("amount", None, "is there twice"),
        ),
        (
            {"dataframe_split": {"columns": [[1]], "data": [[1]]}},
            ("columns", None, "must be names of columns"),
        ),
        (
            {"dataframe_split": {"columns": list(ROW), "data": [list(ROW.values()), [1]]}},
            ("", 1, "must be a list of 8 values"),
        ),
    ],
)
def test_a_wrong_shape_is_refused(document: dict[str, Any], expected: tuple[Any, ...]) -> None:
    field, row, message = errors(document)[0]
    assert (field, row) == expected[:2]
    assert expected[2] is None or message == expected[2]


def test_more_errors_than_anyone_reads_are_cut_off() -> None:
    assert len(errors({"rows": [ROW | {"amount": "x"}] * 1000})) == 20


def test_one_column_alone_works() -> None:
    table = read({"rows": [{"x": 1}, {"x": 2.5}]}, [{"name": "x", "type": "double"}])
    assert table["x"].tolist() == [1.0, 2.5]


def test_the_typed_table_passes_mlflows_own_enforcement_unchanged() -> None:
    from mlflow.models.utils import _enforce_schema
    from mlflow.types import Schema

    schema = Schema.from_json(json.dumps([{"required": True} | item for item in INPUTS]))
    for rows in ([ROW], [ROW, ROW | {"ratio": None, "city": None, "seen": None}]):
        table = read({"rows": rows})
        pd.testing.assert_frame_equal(_enforce_schema(table, schema), table)


def test_the_matrix_holds_the_same_bits_in_the_same_order_as_the_table() -> None:
    codec = TableCodec([{"name": name, "type": "double"} for name in "abc"])
    raw = codec.read({"rows": [{"c": 3, "a": 0.1, "b": 2}, {"a": 4, "b": 5.5, "c": 6}]}, "rows")
    matrix, table = codec.matrix(raw), codec.table(raw)
    assert matrix is not None
    assert matrix.strides == np.asarray(table).strides
    assert matrix.tolist() == table.to_numpy().tolist() == [[0.1, 2, 3], [4, 5.5, 6]]


TOWNS: list[dict[str, Any]] = [
    {"name": "town", "type": "string", "required": False, "categories": ["Oslo", "Bern", "Rome"]},
    {"name": "size", "type": "long", "categories": [3, 1, 2]},
]


def test_categories_are_those_of_training_in_their_order() -> None:
    table = read({"rows": [{"town": "Rome", "size": 1}, {"town": None, "size": 3}]}, TOWNS)
    assert table["town"].cat.categories.tolist() == ["Oslo", "Bern", "Rome"]
    assert table["town"].cat.codes.tolist() == [2, -1]
    assert table["size"].cat.categories.tolist() == [3, 1, 2]
    assert table["size"].cat.codes.tolist() == [1, 0]


def test_a_category_that_is_a_number_may_be_written_as_any_number_is() -> None:
    columns = [{"name": "size", "type": "double", "categories": [1.5, 2.0]}, TOWNS[1]]
    columns[1] = columns[1] | {"name": "count"}
    table = read({"rows": [{"size": 2, "count": 1.0}, {"size": 1.5, "count": 3}]}, columns)
    assert table["size"].cat.categories.tolist() == [1.5, 2.0]
    assert table["size"].cat.codes.tolist() == [1, 0]
    assert table["count"].cat.codes.tolist() == [1, 0]
    for value in (True, 1.25, "2"):
        assert errors({"rows": [{"size": value, "count": 1}]}, columns)


def test_a_category_that_training_did_not_have_is_named_with_those_it_had() -> None:
    known = {"town": "Rome", "size": 1}
    many = [{"name": "n", "type": "long", "categories": list(range(20))}]
    assert errors({"rows": [known, known | {"town": "Lima"}]}, TOWNS) == [
        (
            "town",
            1,
            'must be one of the model\'s categories: Oslo, Bern, Rome, not the string "Lima"',
        )
    ]
    assert errors({"rows": [known | {"size": None}]}, TOWNS) == [
        ("size", 0, "is required and must not be null")
    ]
    assert errors({"rows": [{"n": 20}]}, many) == [
        ("n", 0, "must be one of the model's categories: 0, 1, 2, 3, 4, 5, 6, 7, ..., "
         "not the number 20")
    ]  # fmt: skip
