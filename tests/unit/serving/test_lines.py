"""JSON lines in and out: one object a line, one line a row."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from bento_pyfunc.codec import Codec
from bento_pyfunc.media import Form
from bento_pyfunc.problems import Problem
from tests.unit.serving.specs import doubles, make_spec
from tests.unit.serving.test_arrow import ROWS, by_json
from tests.unit.serving.test_tables import INPUTS


@pytest.mark.parametrize(
    ("predictions", "lines"),
    [
        (np.array([0.1, 2.0]), [{"prediction": 0.1}, {"prediction": 2.0}]),
        (pd.DataFrame({"a": [1], "b": ["x"]}), [{"a": 1, "b": "x"}]),
        ({"a": np.array([1.0, 2.0]), "b": [3, 4]}, [{"a": 1.0, "b": 3}, {"a": 2.0, "b": 4}]),
    ],
)
def test_lines_go_out_one_a_row(predictions: Any, lines: Any) -> None:
    body = Codec(make_spec(doubles("x"))).encode(predictions, Form.NDJSON)
    assert [orjson.loads(line) for line in body.splitlines()] == lines


def test_lines_come_in_one_a_row() -> None:
    codec = Codec(make_spec(INPUTS))
    body = b"\r\n".join(json.dumps(row).encode() for row in ROWS) + b"\n\n"
    table = codec.data.table(codec.decode(body, Form.NDJSON).raw)
    pd.testing.assert_frame_equal(table, by_json(ROWS))


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (b'{"x":1}\n{"x":', 400, "Row 1"),
        (b'{"x":1}\n{"x":NaN}', 400, "NaN"),
        (b'{"x":1},\n{"x":2}', 400, "Row 0"),
        (b'{"x":1}\n{"x":1,"x":2}', 400, "'x' is there twice"),
        (b'{"x":1}\n' * 6, 413, "more than 5 rows"),
        (b'{"x":1}\n[1]', 422, "must be an object"),
        (b"\n\n", 422, "no rows"),
        (b"", 422, "no rows"),
    ],
)
def test_lines_that_do_not_fit_are_refused(body: bytes, status: int, message: str) -> None:
    with pytest.raises(Problem, match=message) as caught:
        Codec(make_spec(doubles("x"))).decode(body, Form.NDJSON)
    assert caught.value.status == status
