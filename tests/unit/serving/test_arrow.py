"""Arrow streams in and out: the same values, types and refusals as by JSON."""

from __future__ import annotations

import contextlib
import json
import random
from datetime import date
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pytest
from bento_pyfunc.codec import Codec
from bento_pyfunc.media import Form
from bento_pyfunc.problems import Problem
from tests.unit.serving.specs import doubles, make_spec
from tests.unit.serving.test_tables import INPUTS, ROW
from tests.unit.serving.test_tensors import spec as tensor

ARROW = {
    "amount": pa.array([1.5, -0.1]),
    "ratio": pa.array([0.25, None]),
    "count": pa.array([7, 2**53 + 1]),
    "small": pa.array([-3, 4]),
    "city": pa.array(["Oslo", None]),
    "new": pa.array([True, False]),
    "seen": pa.array([pd.Timestamp("2026-01-31T12:30"), None]),
    "photo": pa.array([b"\x00\x01", b""]),
}
ROWS = [
    ROW,
    {
        "amount": -0.1,
        "ratio": None,
        "count": 2**53 + 1,
        "small": 4,
        "city": None,
        "new": False,
        "seen": None,
        "photo": "",
    },
]


def stream(columns: dict[str, Any], compression: str | None = None, **metadata: str) -> bytes:
    table = pa.table(columns).replace_schema_metadata(metadata)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=1)
    return bytes(sink.getvalue().to_pybytes())


def read(body: bytes, inputs: list[dict[str, Any]] = INPUTS) -> Any:
    codec = Codec(make_spec(inputs))
    return codec.data.table(codec.decode(body, Form.ARROW).raw)


def refused(body: bytes, inputs: list[dict[str, Any]] = INPUTS) -> Problem:
    with pytest.raises(Problem) as caught:
        read(body, inputs)
    return caught.value


def by_json(rows: list[Any]) -> Any:
    codec = Codec(make_spec(INPUTS))
    return codec.data.table(codec.decode(json.dumps({"rows": rows}).encode()).raw)


def test_a_stream_gives_the_very_table_that_json_gives() -> None:
    shuffled = dict(reversed(ARROW.items()))
    for columns in (ARROW, shuffled):
        pd.testing.assert_frame_equal(read(stream(columns)), by_json(ROWS))


def test_other_widths_of_the_same_kind_are_taken() -> None:
    columns = ARROW | {
        "amount": pa.array([1, 2], pa.int16()),
        "ratio": pa.array([0.25, 0.5], pa.float32()),
        "count": pa.array([7.0, 8.0]),
        "small": pa.array([1, 2], pa.uint64()),
        "city": pa.array(["Oslo", None]).dictionary_encode(),
        "seen": pa.array([date(2026, 1, 31), None]),
        "photo": pa.array([b"a", b"b"], pa.large_binary()),
    }
    rows = [
        ROW | {"amount": 1, "small": 1, "seen": "2026-01-31", "photo": "YQ=="},
        ROWS[1] | {"amount": 2, "ratio": 0.5, "count": 8, "small": 2, "photo": "Yg=="},
    ]
    pd.testing.assert_frame_equal(read(stream(columns)), by_json(rows))


def test_a_moment_with_a_zone_becomes_utc() -> None:
    utc = int(pd.Timestamp(2026, 1, 31, 10, 30).timestamp())
    moment = pa.array([utc, utc], pa.int64()).cast(pa.timestamp("s", "+02:00"))
    table = read(stream(ARROW | {"seen": moment}))
    assert table["seen"].tolist() == [pd.Timestamp(2026, 1, 31, 10, 30)] * 2


def test_times_and_bytes_may_be_text_as_in_json() -> None:
    text = {
        "seen": pa.array(["2026-01-31T12:30", None]),
        "photo": pa.array(["AAE=", ""], pa.large_string()),
    }
    pd.testing.assert_frame_equal(read(stream(ARROW | text)), by_json(ROWS))


def test_optional_columns_may_be_missing_or_of_nulls_only() -> None:
    few = {name: data for name, data in ARROW.items() if name not in ("ratio", "city", "seen")}
    nulls = dict.fromkeys(("ratio", "city", "seen"), pa.nulls(2))
    rows = [row | {"ratio": None, "city": None, "seen": None} for row in ROWS]
    pd.testing.assert_frame_equal(read(stream(few)), by_json(rows))
    pd.testing.assert_frame_equal(read(stream(few | nulls)), by_json(rows))


@pytest.mark.parametrize(
    ("column", "data", "row", "message"),
    [
        ("amount", pa.array([1.5, None]), 1, "required and must not be null"),
        ("amount", pa.array([1.5, np.nan]), 1, "required and must not be NaN"),
        ("amount", pa.array([1.5, np.inf]), 1, "must be finite"),
        ("ratio", pa.array([1.5, -np.inf]), 1, "must be finite"),
        ("ratio", pa.array([1.5, 1e39]), 1, "too large for a 32-bit number"),
        ("amount", pa.array(["1", "2"]), None, "a number, not Arrow's string"),
        ("amount", pa.array([True, False]), None, "a number, not Arrow's bool"),
        ("count", pa.array([1.0, 1.5]), 1, "a whole number"),
        ("count", pa.array([1, 2**63], pa.uint64()), 1, "a whole number"),
        ("small", pa.array([1, 2**31]), 1, "a whole number of 32 bits"),
        ("small", pa.array(["1", "2"]).dictionary_encode(), None, "not Arrow's string"),
        ("city", pa.array([1, 2]), None, "a string, not Arrow's int64"),
        ("new", pa.array([1, 0]), None, "true or false, not Arrow's int64"),
        ("seen", pa.array(["2026-01-31", "31.01.2026"]), 1, 'not the string "31.01.2026"'),
        ("seen", pa.array([1, 2**62], pa.timestamp("s")), 1, "date and time"),
        ("photo", pa.array(["AAE=", "b"]), 1, "base64"),
        ("photo", pa.nulls(2), 0, "required and must not be null"),
        ("city", pa.array([["a"], ["b"]]), None, "not Arrow's list"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_where_it_stands(
    column: str, data: Any, row: int | None, message: str
) -> None:
    problem = refused(stream(ARROW | {column: data}))
    (error,) = problem.errors
    assert (problem.status, error.field, error.row) == (422, column, row)
    assert message in error.message


def test_the_wrong_columns_are_refused_by_name() -> None:
    assert refused(stream(ARROW | {"x": pa.array([1, 2])})).errors[0].field == "x"
    missing = {name: data for name, data in ARROW.items() if name != "amount"}
    assert refused(stream(missing)).errors[0][:1] == ("amount",)
    twice = pa.Table.from_arrays([pa.array([1.0])] * 2, names=["x", "x"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, twice.schema) as writer:
        writer.write_table(twice)
    problem = refused(sink.getvalue().to_pybytes(), doubles("x"))
    assert problem.errors[0].message == "is there twice"


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_compressed_buffers_are_refused_before_they_are_unpacked(compression: str) -> None:
    if not pa.Codec.is_available(compression):
        pytest.skip(f"this build of pyarrow lacks {compression}")
    bomb = stream({"x": pa.array(np.zeros(100_000))}, compression)
    words = stream({"x": pa.array(["a" * 999] * 5).dictionary_encode()}, compression)
    for body in (bomb, words):
        assert refused(body, doubles("x")).status == 415


def test_too_many_rows_and_none_are_refused() -> None:
    assert refused(stream({"x": pa.array(np.zeros(6))}), doubles("x")).status == 413
    assert refused(stream({"x": pa.nulls(10**6)}), doubles("x")).status == 413
    assert refused(stream({"x": pa.array([], pa.float64())}), doubles("x")).status == 422


@pytest.mark.parametrize("body", [b"", b"{}", b"ARROW1\x00\x00", b"\xff" * 64, b"\x00" * 64])
def test_what_is_no_stream_is_a_400(body: bytes) -> None:
    assert refused(body).status == 400


def test_a_stream_with_any_bytes_changed_is_read_or_gets_a_problem() -> None:
    chance = random.Random(5)
    good = stream(ARROW)
    for _ in range(2000):
        body = bytearray(good)
        for _ in range(chance.randint(1, 5)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        with contextlib.suppress(Problem):
            read(bytes(body))


def test_a_matrix_of_doubles_has_the_bits_and_the_layout_that_json_gives() -> None:
    codec = Codec(make_spec(doubles("x", "y")))
    values = {"x": pa.array([0.1, 2.0]), "y": pa.array([1e300, -5.5])}
    body = json.dumps({"columns": {name: data.to_pylist() for name, data in values.items()}})
    data: Any = codec.data
    wanted = data.matrix(codec.decode(body.encode()).raw)
    table = pa.table(values)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    found = data.matrix(codec.decode(sink.getvalue().to_pybytes(), Form.ARROW).raw)
    assert found.strides == wanted.strides
    assert found.tobytes("F") == wanted.tobytes("F")


@pytest.mark.parametrize(
    "values",
    [
        {"x": pa.array([0.1, None]), "y": pa.array([1.0, 2.0])},
        {"x": pa.array([0.1, float("nan")]), "y": pa.array([1.0, 2.0])},
        {"x": pa.array([0.1, 0.2], pa.float32()), "y": pa.array([1.0, 2.0])},
        {"x": pa.array([1, 2]), "y": pa.array([1.0, 2.0])},
        {"y": pa.array([1.0, 2.0])},
    ],
)
def test_what_is_no_plain_matrix_of_doubles_is_read_column_by_column(values: Any) -> None:
    inputs = [{**each, "required": False} for each in doubles("x", "y")]
    data: Any = Codec(make_spec(inputs)).data
    wire = data.read_arrow(pa.table(values))
    assert data.matrix(wire) is None
    table = data.table(wire)
    given = pa.table(values).to_pandas().reindex(columns=["x", "y"]).astype(float)
    pd.testing.assert_frame_equal(table, given)


def test_columns_in_another_order_are_put_in_the_signature_s() -> None:
    data: Any = Codec(make_spec(doubles("x", "y"))).data
    wire = data.read_arrow(pa.table({"y": pa.array([3.0, 4.0]), "x": pa.array([1.0, 2.0])}))
    assert data.matrix(wire).tolist() == [[1.0, 3.0], [2.0, 4.0]]


def test_parameters_come_in_the_metadata() -> None:
    params = [{"name": "by", "type": "double", "default": 1.0, "shape": None}]
    codec = Codec(make_spec(doubles("x"), params=params))
    body = stream({"x": pa.array([1.0])}, params='{"by": 2}')
    assert codec.decode(body, Form.ARROW).params == {"by": 2.0}
    twice = stream({"x": pa.array([1.0])}, params='{"by": 2, "by": 3}')
    with pytest.raises(Problem, match="'by' is there twice"):
        codec.decode(twice, Form.ARROW)


def test_arrays_come_as_lists_or_as_a_column_for_each_number() -> None:
    flat = {"x": pa.array([1.0, 3.0]), "y": pa.array([2, 4])}
    fixed = pa.FixedSizeListArray.from_arrays(pa.array([1.0, 2.0, 3.0, 4.0]), 2)
    shaped = pa.FixedShapeTensorArray.from_numpy_ndarray(np.array([[1.0, 2.0], [3.0, 4.0]]))
    for columns in (flat, {"a": fixed}, {"a": [[1.0, 2.0], [3.0, 4.0]]}, {"a": shaped}):
        array = read(stream(columns), [tensor("float32", [-1, 2])])
        assert array.dtype == np.float32
        assert array.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    named = [tensor("int64", [-1, 1, 2], name="a"), tensor("bool", [-1], name="b")]
    arrays = read(stream({"b": [True, False], "a": [[[1, 2]], [[3, 4]]]}), named)
    assert arrays["a"].tolist() == [[[1, 2]], [[3, 4]]]
    assert arrays["b"].tolist() == [True, False]


@pytest.mark.parametrize(
    "columns",
    [
        {"a": [[1.0], [1.0, 2.0]]},
        {"a": [[1.0, None]]},
        {"a": [[1.0, 2.0], None]},
        {"a": [[1.0, np.nan]]},
        {"a": [[1.0, 2.0, 3.0]]},
        {"a": [["1", "2"]]},
        {"a": [1.0]},
        {},
        {"a": [True, False], "b": [1.0, 2.0]},
        {"a": pa.array([{"x": 1.0, "y": 2.0}])},
        {"a": pa.array(["1", "2"]).dictionary_encode(), "b": [1.0, 2.0]},
    ],
)
def test_arrays_of_another_shape_or_type_are_refused(columns: dict[str, Any]) -> None:
    assert refused(stream(columns), [tensor("float64", [-1, 2])]).status == 422


def test_an_array_of_one_dimension_comes_as_a_column() -> None:
    array = read(stream({"a": [1.0, 2.0]}), [tensor("float64", [-1])])
    assert array.tolist() == [1.0, 2.0]


def test_numbers_of_a_dictionary_are_taken_for_an_array() -> None:
    columns = {"a": pa.array([1.0, 3.0]).dictionary_encode(), "b": [2.0, 4.0]}
    array = read(stream(columns), [tensor("float64", [-1, 2])])
    assert array.tolist() == [[1.0, 2.0], [3.0, 4.0]]


NESTED: list[dict[str, Any]] = [
    {"name": "seen", "type": "array", "items": {"type": "datetime"}},
    {"name": "photos", "type": "array", "items": {"type": "binary"}},
    {"name": "prices", "type": "map", "values": {"type": "array", "items": {"type": "double"}}},
    {
        "name": "place",
        "type": "object",
        "properties": {
            "town": {"type": "string", "required": True},
            "floor": {"type": "long", "required": False},
        },
    },
]
PRICES = pa.map_(pa.string(), pa.list_(pa.float64()))


def nested(**changes: Any) -> bytes:
    columns = {
        "seen": pa.array([[pd.Timestamp("2026-01-31T12:30")]]),
        "photos": pa.array([[b"\x00\x01"]]),
        "prices": pa.array([[("egg", [0.5])]], PRICES),
        "place": pa.array([{"town": "Oslo", "floor": None}]),
    }
    return stream(columns | changes)


def test_lists_objects_and_maps_are_those_that_json_gives() -> None:
    row = {
        "seen": ["2026-01-31T12:30:00"],
        "photos": ["AAE="],
        "prices": {"egg": [0.5]},
        "place": {"town": "Oslo", "floor": None},
    }
    codec = Codec(make_spec(NESTED))
    by_json = codec.data.table(codec.decode(orjson.dumps({"rows": [row]})).raw)
    assert read(nested(), NESTED).to_dict("records") == by_json.to_dict("records")


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("prices", pa.array([[("egg", [np.inf])]], PRICES), "must hold finite numbers only"),
        ("prices", pa.array([[("egg", [np.nan])]], PRICES), "must hold finite numbers only"),
        ("prices", pa.array([[("egg", []), ("egg", [])]], PRICES), "strings for keys, each once"),
        ("prices", pa.array([[(1, 0.5)]], pa.map_(pa.int64(), pa.float64())), "strings for keys"),
        ("seen", pa.array([[10**14]], pa.list_(pa.timestamp("s"))), "must be a list"),
        ("seen", pa.DictionaryArray.from_arrays([0], pa.array([[1]])), "not the number 1"),
        ("prices", pa.array([["egg"]]), "must be an object, not a list"),
        ("seen", pa.array([[1]]), "must be an ISO 8601 date and time, not the number 1"),
        ("place", pa.StructArray.from_arrays([pa.array(["a"])] * 2, ["town", "town"]), "an object"),
    ],
)
def test_what_is_inside_is_checked_as_json_is(column: str, values: Any, message: str) -> None:
    ((name, row, text),) = refused(nested(**{column: values}), NESTED).errors
    assert name == column
    assert row == (None if "Arrow's" in text else 0)
    assert message in text


@pytest.mark.parametrize(
    ("predictions", "columns"),
    [
        (np.array([0.1, 2.0]), {"prediction": [0.1, 2.0]}),
        (np.array([[1, 2], [3, 4]]), {"prediction": [[1, 2], [3, 4]]}),
        (pd.Series(["a", None]), {"prediction": ["a", None]}),
        (pd.DataFrame({"low": [1.5], "high": ["b"]}), {"low": [1.5], "high": ["b"]}),
        ({"one": np.array([1.0]), "two": np.array([[2]])}, {"one": [1.0], "two": [[2]]}),
        ([True, False], {"prediction": [True, False]}),
    ],
)
def test_predictions_go_out_as_columns_that_say_the_model(predictions: Any, columns: Any) -> None:
    body = Codec(make_spec(doubles("x"))).encode(predictions, Form.ARROW)
    table = pa.ipc.open_stream(body).read_all()
    assert table.to_pydict() == columns
    assert table.schema.metadata == {b"model": b"flats/3"}


def test_what_has_no_form_in_arrow_is_a_406() -> None:
    with pytest.raises(Problem, match="application/json") as caught:
        Codec(make_spec(doubles("x"))).encode([1, "a"], Form.ARROW)
    assert caught.value.status == 406


@pytest.mark.parametrize(
    "predictions",
    [
        np.array([0.5, 1.5]),
        np.arange(6.0).reshape(2, 3),
        pd.Series(["a", None]),
        pd.Series(["a", "b", "a"], dtype="category"),
        pd.DataFrame({"low": [1, 2], "high": [[1.5], [2.5, 3.5]]}),
    ],
    ids=["numbers", "matrix", "text", "categories", "frame"],
)
def test_an_answer_is_the_stream_that_arrow_itself_writes(predictions: Any) -> None:
    body = Codec(make_spec(doubles("x"))).encode(predictions, Form.ARROW)
    table = pa.ipc.open_stream(body).read_all()
    assert table.schema.metadata[b"model"]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    assert body == sink.getvalue().to_pybytes()
    assert table.num_rows == len(predictions)
