"""Short Arrow streams that stand for much, and layouts whose values share bytes."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from tests.unit.serving.test_arrow import read, refused, stream


def list_of(kind: str) -> list[dict[str, Any]]:
    return [{"name": "x", "type": "array", "items": {"type": kind}, "required": False}]


TEXT = [{"name": "x", "type": "string", "required": False}]
WORD = pa.DictionaryArray.from_arrays(pa.array([0] * 5, pa.int8()), pa.array(["a" * 999]))


@pytest.mark.parametrize(
    ("column", "inputs"),
    [
        (pa.FixedSizeListArray.from_arrays(pa.nulls(10**8), 10**8), list_of("double")),
        (pa.ListArray.from_arrays(pa.array([0, 10**9], pa.int32()), pa.nulls(10**9)),
         list_of("double")),
        (pa.array([[[]] * 5000], pa.list_(pa.list_(pa.float64(), 0), 5000)), list_of("double")),
        (pa.array([[{}] * 5000], pa.list_(pa.struct([]))), list_of("double")),
        (pa.array([[True] * 5000]), list_of("boolean")),
        (WORD, TEXT),
        (pa.array(["a" * 999] * 5, pa.string_view()), TEXT),
        (pa.array([b"a" * 999] * 5, pa.binary_view()), TEXT),
        (pa.ListArray.from_arrays(pa.array([0, 5], pa.int32()), WORD), list_of("string")),
        (pa.DictionaryArray.from_arrays(pa.array([0] * 5), pa.array([[1.0] * 200])),
         list_of("double")),
        (pa.array([{"y": "a" * 999}] * 5, pa.struct({"y": pa.string_view()})), TEXT),
        (pa.array([[("k", None)] * 3000], pa.map_(pa.string(), pa.null())), TEXT),
    ],
)  # fmt: skip
def test_a_short_stream_that_stands_for_more_than_a_body_may_hold_is_refused(
    column: Any, inputs: list[dict[str, Any]]
) -> None:
    sink = pa.BufferOutputStream()
    table = pa.table({"x": column})
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    problem = refused(sink.getvalue().to_pybytes(), inputs)
    assert problem.status == 413
    assert "stands for more than" in str(problem)


def test_what_all_batches_stand_for_is_added_up() -> None:
    word = pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), pa.array(["a" * 700]))
    assert len(read(stream({"x": pa.chunked_array([word] * 2)}), TEXT)) == 2
    assert refused(stream({"x": pa.chunked_array([word] * 3)}), TEXT).status == 413


@pytest.mark.parametrize(
    "column",
    [
        pa.ListViewArray.from_arrays(pa.array([0, 0], pa.int32()), pa.array([2, 2], pa.int32()),
                                     pa.array([1.0, 2.0])),
        pa.RunEndEncodedArray.from_arrays(pa.array([5], pa.int32()), pa.array(["a"])),
        pa.UnionArray.from_dense(pa.array([0, 0], pa.int8()), pa.array([0, 0], pa.int32()),
                                 [pa.array(["a"])]),
    ],
)  # fmt: skip
def test_layouts_whose_values_share_bytes_are_refused_by_name(column: Any) -> None:
    for made in ({"x": column}, {"x": pa.StructArray.from_arrays([column], ["y"])}):
        problem = refused(stream(made), TEXT)
        assert problem.status == 415
        assert f"Arrow's layout {str(column.type)[:20]}" in str(problem)


def test_common_layouts_of_text_are_taken() -> None:
    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        table = read(stream({"x": pa.array(["Oslo", None], kind)}), TEXT)
        assert table["x"].dropna().tolist() == ["Oslo"]
