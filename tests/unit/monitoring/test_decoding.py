"""Bodies of requests and answers -> rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa
import pytest

from labline.monitoring import decoding
from labline.monitoring.log import schema

JSON = "application/json"
NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"
ROWS = [{"x": 1, "y": "a"}, {"x": 2, "y": None}]


def stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (orjson.dumps({"rows": ROWS}), JSON),
        (orjson.dumps({"dataframe_records": ROWS, "params": {"k": 1}}), JSON),
        (orjson.dumps({"instances": ROWS}), JSON),
        (orjson.dumps({"columns": {"x": [1, 2], "y": ["a", None]}}), JSON),
        (orjson.dumps({"inputs": {"x": [1, 2], "y": ["a", None]}}), JSON),
        (orjson.dumps({"dataframe_split": {"columns": ["x", "y"], "data": [[1, "a"], [2, None]]}}),
         JSON),
        (b"\n".join(map(orjson.dumps, ROWS)) + b"\n", NDJSON),
        (stream(pa.Table.from_pylist(ROWS)), ARROW),
    ],
)  # fmt: skip
def test_rows_are_read_from_every_form_of_a_request(body: bytes, kind: str) -> None:
    assert decoding.read_inputs(body, kind) == ROWS


def test_columns_of_an_array_are_called_by_their_place() -> None:
    body = orjson.dumps({"inputs": [[1.5, 2], [3, 4]]})
    assert decoding.read_inputs(body, JSON) == [{"0": 1.5, "1": 2}, {"0": 3, "1": 4}]


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        (b'{"predictions":[1.5,2],"model":"m/1"}', JSON, [1.5, 2]),
        (b'{"predictions":{"a":[1,2],"b":[3,4]},"model":"m/1"}', JSON,
         [{"a": 1, "b": 3}, {"a": 2, "b": 4}]),
        (b'{"classes":[0,1],"probabilities":[[0.25,0.75]],"model":"m/1"}', JSON,
         [{"0": 0.25, "1": 0.75}]),
        (b'{"prediction":1.5}\n{"prediction":2}\n', NDJSON, [1.5, 2]),
        (b'{"0":0.25,"1":0.75}\n', NDJSON, [{"0": 0.25, "1": 0.75}]),
        (stream(pa.table({"prediction": [1.5, 2.0]})), ARROW, [1.5, 2.0]),
        (stream(pa.table({"a": [1], "b": [2]})), ARROW, [{"a": 1, "b": 2}]),
    ],
)  # fmt: skip
def test_predictions_are_read_from_every_form_of_an_answer(
    body: bytes, kind: str, said: list[Any]
) -> None:
    assert decoding.read_outputs(body, kind) == said


def logged(inputs: bytes, outputs: bytes, verb: str = "predict") -> pa.Table:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    facts = {"request_id": "r", "at": at, "milliseconds": 2.0, "release": 1, "model": "m/1"}
    forms = {"verb": verb, "reads": JSON, "writes": JSON, "inputs": inputs, "outputs": outputs}
    return pa.Table.from_pylist([facts | forms], schema())


def test_each_row_has_its_place_in_the_request_and_what_was_said_of_it() -> None:
    found = decoding.rows(logged(orjson.dumps({"rows": ROWS}), b'{"predictions":["p","q"]}'))
    assert [(row.request_id, row.row, row.prediction) for row in found] == [
        ("r", 0, "p"),
        ("r", 1, "q"),
    ]
    frame = decoding.to_frame(found)
    assert frame["x"].tolist() == [1, 2]
    assert str(frame["at"].iloc[0]) == "2026-03-01 00:00:00+00:00"


def test_probabilities_are_no_predictions() -> None:
    table = logged(b'{"rows":[{"x":1}]}', b'{"classes":[0,1],"probabilities":[[0.2,0.8]]}',
                   "predict_proba")  # fmt: skip
    (row,) = decoding.rows(table)
    assert (row.prediction, row.probabilities) == (None, {"0": 0.2, "1": 0.8})


def test_an_input_that_is_called_as_a_fact_keeps_both() -> None:
    table = logged(b'{"rows":[{"model":"T","x":1}]}', b'{"predictions":[3]}')
    frame = decoding.to_frame(decoding.rows(table))
    assert frame["model"].tolist() == ["m/1"]
    assert frame["input.model"].tolist() == ["T"]


def test_an_answer_of_another_length_has_no_rows() -> None:
    assert decoding.rows(logged(b'{"rows":[{"x":1},{"x":2}]}', b'{"predictions":[3]}')) == []
