"""Whole bodies, in and out."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from bento_pyfunc.codec import Codec
from bento_pyfunc.media import Form
from bento_pyfunc.problems import Problem
from scipy import sparse
from tests.unit.serving.specs import doubles, make_spec

PARAMS: list[dict[str, Any]] = [
    {"name": "threshold", "type": "double", "default": 0.5, "shape": None},
    {"name": "labels", "type": "string", "default": [], "shape": [-1]},
]


def refusal(body: bytes, **changes: Any) -> Problem:
    with pytest.raises(Problem) as caught:
        Codec(make_spec(doubles("x"), **changes)).decode(body)
    return caught.value


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", "must be there once"),
        (b'{"rows": [{"x": 1}], "columns": {"x": [1]}}', "must be there once"),
        (b'{"row": [{"x": 1}]}', "is not a key of the body"),
        (b'{"rows": [{"x": 1}], "extra": 1}', "is not a key of the body"),
        (b'{"rows": []}', "has no rows"),
        (b'{"columns": {"x": []}}', "has no rows"),
        (b'{"dataframe_split": {"columns": ["x"], "data": []}}', "has no rows"),
        (b'{"rows": [{"x": 1}], "params": {"threshold": 1}}', "not a parameter of the model"),
    ],
)
def test_a_body_in_no_known_form_is_refused(body: bytes, message: str) -> None:
    problem = refusal(body)
    assert problem.status == 422
    assert message in problem.detail


def test_too_many_rows_are_refused_by_number() -> None:
    problem = refusal(b'{"columns": {"x": [1, 2, 3, 4, 5, 6]}}')
    assert problem.status == 413
    assert "6 rows; at most 5" in problem.detail


def test_a_repeated_key_is_refused_in_every_form() -> None:
    for body in (
        b'{"rows": [{"x": 1, "x": 2}]}',
        b'{"columns": {"x": [1], "x": [2]}}',
        b'{"rows": [{"x": 1}], "rows": [{"x": 2}]}',
        b'{"dataframe_split": {"columns": ["x"], "data": [[1]], "data": [[2]]}}',
        b'{"inputs": {"x": [1], "x": [2]}}',
    ):
        assert refusal(body).status == 400


def test_parameters_are_read_by_their_types() -> None:
    codec = Codec(make_spec(doubles("x"), params=PARAMS))
    body = b'{"rows": [{"x": 1}], "params": {"threshold": 1, "labels": ["a", "b"]}}'
    assert codec.decode(body).params == {"threshold": 1.0, "labels": ["a", "b"]}


@pytest.mark.parametrize(
    "params",
    [b'{"threshold": "1"}', b'{"threshold": null}', b'{"labels": "a"}', b'{"a": 1}', b"[]"],
)
def test_parameters_of_another_type_are_refused(params: bytes) -> None:
    problem = refusal(b'{"rows": [{"x": 1}], "params": ' + params + b"}", params=PARAMS)
    assert problem.status == 422


@pytest.mark.parametrize(
    ("predictions", "plain"),
    [
        (np.array([1.5, np.nan, np.inf]), [1.5, None, None]),
        (np.array([[1, 2], [3, 4]]).T, [[1, 3], [2, 4]]),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.array(["a", None, 1.5], dtype=object), ["a", None, 1.5]),
        (np.array([True]), [True]),
        (np.array(["2026-01-31"], dtype="datetime64[ns]"), ["2026-01-31T00:00:00"]),
        (pd.Series([1.5, None]), [1.5, None]),
        (pd.Series(["a", None]), ["a", None]),
        (pd.Series(pd.array([1, None], dtype="Int64")), [1, None]),
        (pd.Series(pd.to_datetime(["2026-01-31", None])), ["2026-01-31T00:00:00", None]),
        (pd.DataFrame({"a": [1], "b": ["x"]}), [{"a": 1, "b": "x"}]),
        (sparse.csr_matrix(np.eye(2)), [[1.0, 0.0], [0.0, 1.0]]),
        ([{"label": "a", "score": np.float32(0.5)}], [{"label": "a", "score": 0.5}]),
        ([dt.date(2026, 1, 31), b"\x00"], ["2026-01-31", "AA=="]),
        ({"a": np.arange(2)}, {"a": [0, 1]}),
        ("text", "text"),
    ],
)
def test_whatever_a_model_gives_is_written(predictions: Any, plain: Any) -> None:
    body = Codec(make_spec(doubles("x"))).encode(predictions)
    assert orjson.loads(body) == {"predictions": plain, "model": "flats/3"}


def test_doubles_come_back_bit_for_bit() -> None:
    values = np.random.default_rng(1).normal(size=1000) * 1e-7
    body = Codec(make_spec(doubles("x"))).encode(values)
    assert orjson.loads(body)["predictions"] == values.tolist()


def test_what_has_no_form_in_json_is_an_error() -> None:
    with pytest.raises(TypeError, match="Decimal"):
        Codec(make_spec(doubles("x"))).encode([decimal.Decimal("1.5")])


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("names", [["a", "a"], [1, "1"]])
def test_a_column_of_an_answer_hides_no_other_of_its_name(form: Form, names: list[Any]) -> None:
    twins = pd.DataFrame([[1, 2]], columns=names)
    with pytest.raises(TypeError, match=f"two columns named '{names[0]}'"):
        Codec(make_spec(doubles("x"))).encode(twins, form)
