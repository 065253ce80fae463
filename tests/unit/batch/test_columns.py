"""Columns of an input against a signature."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from labline.batch import columns
from labline.errors import BadInput

INPUTS = (
    {"name": "age", "type": "double", "required": True},
    {"name": "sex", "type": "string", "required": False},
)
FINE = pa.schema([("age", pa.float64()), ("sex", pa.string()), ("id", pa.int64())])


def check(*schemas, keep=(), csv=False, inputs=INPUTS):
    files = [(f"{at}.parquet", schema) for at, schema in enumerate(schemas)]
    return columns.check(files, inputs, keep, csv=csv)


def frame(kind, values, arrow=None, **more):
    batch = pa.record_batch({"x": pa.array(values, arrow)})
    return columns.frame([{"name": "x", "type": kind, "required": True, **more}], batch)["x"]


def test_what_is_kept_is_named_once_and_in_order() -> None:
    assert check(FINE, keep=("id", "age", "id")) == ("id", "age")


def test_all_columns_can_be_kept() -> None:
    assert check(FINE, keep=("all",)) == ("age", "sex", "id")


def test_a_missing_column_is_named_with_the_one_that_is_meant() -> None:
    with pytest.raises(BadInput, match=r"0.parquet .* 'age' is missing \(did you mean 'aged'\?\)"):
        check(pa.schema([("aged", pa.float64())]))


def test_a_column_that_the_model_can_do_without_may_be_missing() -> None:
    assert check(pa.schema([("age", pa.float64())])) == ()


def test_every_fault_of_a_file_is_told_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        check(pa.schema([("age", pa.string()), ("sex", pa.int64())]), keep=("idd",))
    assert caught.value.details["wrong"] == [
        "column 'age' must be numbers, not string",
        "column 'sex' must be text, not int64",
        "column 'idd', which is to be kept, is missing",
    ]


def test_a_column_that_is_there_twice_is_refused() -> None:
    with pytest.raises(BadInput, match="'age' is there 2 times"):
        check(pa.schema([("age", pa.float64()), ("age", pa.float64())]))


def test_a_kept_column_has_one_type_in_all_files() -> None:
    other = pa.schema([("age", pa.float64()), ("sex", pa.string()), ("id", pa.string())])
    with pytest.raises(BadInput, match=r"1.parquet .* 'id' is string here and int64 in the first"):
        check(FINE, other, keep=("id",))


def test_nothing_but_nulls_is_a_fault_only_where_the_model_needs_values() -> None:
    nothing = pa.schema([("age", pa.null()), ("sex", pa.null())])
    with pytest.raises(BadInput, match="'age' has nothing but nulls") as caught:
        check(nothing)
    assert len(caught.value.details["wrong"]) == 1


def test_guesses_about_csv_are_not_held_against_it() -> None:
    assert check(pa.schema([("age", pa.string()), ("sex", pa.null())]), csv=True) == ()


def test_the_signature_says_what_csv_is_read_as() -> None:
    types = columns.csv_types(INPUTS, FINE, ("id", "age"))
    assert types == {"age": pa.float64(), "sex": pa.string(), "id": pa.int64()}


@pytest.mark.parametrize(
    ("kind", "values", "arrow", "expected"),
    [
        ("double", [1, 2], pa.int8(), np.array([1.0, 2.0])),
        ("float", [1.5], pa.float64(), np.array([1.5], np.float32)),
        ("long", [7.0], pa.float64(), np.array([7])),
        ("integer", [7], pa.int64(), np.array([7], np.int32)),
        ("boolean", [True, False], pa.bool_(), np.array([True, False])),
        ("string", ["a"], pa.dictionary(pa.int8(), pa.string()), ["a"]),
        ("datetime", [0], pa.timestamp("s", "UTC"), [pd.Timestamp(1970, 1, 1)]),
        ("binary", [b"x"], pa.binary(), [b"x"]),
    ],
)
def test_values_are_as_the_model_was_trained_on(kind, values, arrow, expected) -> None:
    made = frame(kind, values, arrow)
    assert list(made) == list(expected)
    if isinstance(expected, np.ndarray):
        assert made.dtype == expected.dtype


def test_what_is_not_known_is_missing_as_pandas_has_it() -> None:
    assert np.isnan(frame("double", [None, 1.0], required=False)[0])
    assert frame("long", [None, 1], required=False).dtype == "Int64"
    assert frame("string", [None, "a"], required=False).isna().tolist() == [True, False]


def test_categories_are_all_those_of_the_training() -> None:
    made = frame("string", ["b", None], categories=["a", "b"], required=False)
    assert made.cat.categories.tolist() == ["a", "b"]
    assert made.isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("kind", "values", "more", "message", "row"),
    [
        ("double", [1.0, None], {}, "'x' is null", 1),
        ("double", [1.0, 2.0, float("nan")], {}, "'x' is NaN", 2),
        ("double", [float("inf")], {"required": False}, "'x' is infinite", 0),
        ("float", [1.0, 1e300], {}, "too large for a 32-bit", 1),
        ("long", [1.0, 2.0, 2.5, 3.0], {}, "'x' must be whole numbers", 2),
        ("integer", [1, 2**40], {}, "'x' must be whole numbers of 32 bits", 1),
        ("string", ["a", "z"], {"categories": ["a"]}, "'x' is 'z', no category", 1),
    ],
)
def test_a_value_that_does_not_fit_is_told_with_its_row(kind, values, more, message, row) -> None:
    with pytest.raises(columns.Unfit, match=message) as caught:
        frame(kind, values, **more)
    assert caught.value.row == row
