"""Columns of lists, objects and maps."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from bento_pyfunc.codec import Codec
from bento_pyfunc.openapi import document, example
from bento_pyfunc.problems import Problem
from tests.unit.serving.specs import make_spec

INPUTS: list[dict[str, Any]] = [
    {"name": "basket", "type": "array", "items": {"type": "double"}},
    {
        "name": "place",
        "type": "object",
        "properties": {
            "town": {"type": "string", "required": True},
            "floor": {"type": "long", "required": False},
            "seen": {"type": "array", "items": {"type": "boolean"}, "required": False},
        },
    },
    {"name": "prices", "type": "map", "values": {"type": "float"}, "required": False},
]
ROW: dict[str, Any] = {
    "basket": [1, 2.5],
    "place": {"town": "Oslo", "floor": 2.0, "seen": [True]},
    "prices": {"egg": 0.5},
}


def read(body: bytes) -> Any:
    codec = Codec(make_spec(INPUTS))
    return codec.data.table(codec.decode(body).raw)


def refused(row: dict[str, Any]) -> list[Any]:
    with pytest.raises(Problem) as caught:
        read(json.dumps({"rows": [ROW, row]}).encode())
    assert caught.value.status == 422
    return caught.value.errors


def test_values_arrive_with_their_types_all_the_way_down() -> None:
    table = read(json.dumps({"rows": [ROW, ROW | {"prices": None}]}).encode())
    assert table["basket"].tolist() == [[1.0, 2.5]] * 2
    assert [type(value) for value in table["basket"][0]] == [float, float]
    place = table["place"][0]
    assert place == {"town": "Oslo", "floor": 2, "seen": [True]}
    assert type(place["floor"]) is int
    assert table["prices"].tolist() == [{"egg": 0.5}, None]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("basket", 1.5, "a list, not the number 1.5"),
        ("basket", None, "required and must not be null"),
        ("basket", [1, "2"], '[1] must be a number, not the string "2"'),
        ("basket", [None], "[0] must be a number, not null"),
        ("place", [1], "an object, not a list"),
        ("place", {"floor": 1}, "lacks the key 'town'"),
        ("place", {"town": "x", "roof": 1}, "has the key 'roof'"),
        ("place", {"town": None}, ".town must be a string, not null"),
        ("place", {"town": "x", "floor": 1.5}, ".floor must be a whole number"),
        ("place", {"town": "x", "seen": [True, 0]}, ".seen[1] must be true or false"),
        ("prices", {"egg": True}, ".egg must be a number, not true"),
    ],
)
def test_the_very_place_that_is_wrong_is_named(column: str, value: Any, message: str) -> None:
    (error,) = refused(ROW | {column: value})
    assert (error.field, error.row) == (column, 1)
    assert message in error.message


def test_a_key_repeated_deep_inside_is_refused() -> None:
    body = json.dumps({"rows": [ROW]}).replace('"town"', '"floor": 1, "town"')
    with pytest.raises(Problem, match="'floor' is there twice"):
        read(body.encode())


@pytest.mark.parametrize("depth", [10, 1000])
def test_values_may_be_as_deep_as_json_goes_and_are_refused_where_they_do_not_fit(
    depth: int,
) -> None:
    deep = b"[" * depth + b"]" * depth
    body = json.dumps({"rows": [ROW]}).encode().replace(b"[1, 2.5]", deep)
    with pytest.raises(Problem, match="must be a number, not a list") as caught:
        read(body)
    assert caught.value.status == 422


def test_the_document_says_what_is_inside() -> None:
    spec = make_spec(INPUTS)
    content = document(spec, {})["paths"]["/predict"]["post"]["requestBody"]["content"]
    schema = jsonschema.Draft202012Validator(content["application/json"]["schema"])
    assert schema.is_valid(example(spec))
    assert schema.is_valid({"rows": [ROW]})
    assert not schema.is_valid({"rows": [ROW | {"basket": ["1"]}]})
    assert not schema.is_valid({"rows": [ROW | {"place": {"floor": 1}}]})
    read(json.dumps(example(spec)).encode())
