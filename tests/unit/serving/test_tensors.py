"""Nested lists to the arrays that the model takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bento_pyfunc.problems import Problem
from bento_pyfunc.tensors import TensorCodec


def spec(dtype: str, shape: list[int], **name: str) -> dict[str, Any]:
    return {"type": "tensor", "tensor-spec": {"dtype": dtype, "shape": shape}, **name}


def read(data: Any, *inputs: dict[str, Any]) -> Any:
    codec = TensorCodec(list(inputs))
    return codec.table(codec.read({"inputs": data}, "inputs"))


def test_an_unnamed_array_arrives_with_its_type() -> None:
    array = read([[1, 2.5], [3, 4]], spec("float32", [-1, 2]))
    assert array.dtype == np.float32
    assert array.tolist() == [[1.0, 2.5], [3.0, 4.0]]


def test_named_arrays_arrive_by_name() -> None:
    arrays = read(
        {"a": [[1.0]], "b": [True]},
        spec("float64", [-1, 1], name="a"),
        spec("bool", [-1], name="b"),
    )
    assert arrays["a"].tolist() == [[1.0]]
    assert arrays["b"].tolist() == [True]


@pytest.mark.parametrize(
    ("data", "dtype", "shape"),
    [
        ([[1.0, 2.0, 3.0]], "float64", [-1, 2]),
        ([1.0, 2.0], "float64", [-1, 2]),
        ([[1.0], [1.0, 2.0]], "float64", [-1, 2]),
        ([["1", "2"]], "float64", [-1, 2]),
        ([[None, 1.0]], "float64", [-1, 2]),
        ([[True, False]], "float64", [-1, 2]),
        ([[1.5, 2]], "int64", [-1, 2]),
        ([[2**63, 2]], "int64", [-1, 2]),
        ([[2**31, 2]], "int32", [-1, 2]),
        ([[-1, 2]], "uint8", [-1, 2]),
        ([[1, 0]], "bool", [-1, 2]),
        ([[1.5, True]], "float64", [-1, 2]),
        ([[1e39, 2]], "float32", [-1, 2]),
        ([[{"a": 1}, 2]], "float64", [-1, 2]),
        ("text", "float64", [-1]),
        (1.5, "float64", [-1]),
        (None, "float64", [-1]),
    ],
)
def test_another_type_or_shape_is_refused(data: Any, dtype: str, shape: list[int]) -> None:
    with pytest.raises(Problem) as caught:
        read(data, spec(dtype, shape))
    assert caught.value.status == 422


@pytest.mark.parametrize("data", [[[1.0]], {"a": [1.0], "x": [1.0]}, {}])
def test_arrays_by_other_names_are_refused(data: Any) -> None:
    with pytest.raises(Problem, match="the arrays a"):
        read(data, spec("float64", [-1], name="a"))


@pytest.mark.parametrize(
    ("data", "row", "message"),
    [
        ([[1, 2], [3, "4"]], 1, "must hold float64 values only"),
        ([[1, 2], [3, None]], 1, "must hold float64 values only"),
        ([[1, 2], [3, 4], [5]], 2, "must have the shape (2,), not (1,)"),
        ([[1, 2], 3], 1, "must be a list, not the number 3"),
        ([[1, 2, 3]], 0, "must have the shape (2,), not (3,)"),
    ],
)
def test_the_row_that_is_wrong_is_named(data: Any, row: int, message: str) -> None:
    with pytest.raises(Problem) as caught:
        read(data, spec("float64", [-1, 2]))
    (error,) = caught.value.errors
    assert (error.field, error.row) == ("inputs", row)
    assert message in error.message
