"""The document says what the service does."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from bento_pyfunc.openapi import document, example
from tests.unit.serving.specs import doubles, make_spec
from tests.unit.serving.test_tables import INPUTS, ROW, TOWNS

TENSOR = [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}]
NAMED = [{"name": "a", **TENSOR[0]}]


def valid(spec: Any, body: Any) -> bool:
    content = document(spec, {})["paths"]["/predict"]["post"]["requestBody"]["content"]
    schema = content["application/json"]["schema"]
    return bool(jsonschema.Draft202012Validator(schema).is_valid(body))


@pytest.mark.parametrize("inputs", [INPUTS, TENSOR, NAMED, TOWNS, doubles("x")])
def test_an_example_made_up_from_the_signature_fits_the_schema(inputs: Any) -> None:
    spec = make_spec(inputs)
    body = example(spec) if inputs is not NAMED else {"inputs": {"a": [[1, 2]]}}
    assert valid(spec, body)


@pytest.mark.parametrize(
    ("body", "fits"),
    [
        ({"rows": [ROW]}, True),
        ({"columns": {name: [value] for name, value in ROW.items()}}, True),
        ({"dataframe_split": {"columns": list(ROW), "data": [list(ROW.values())]}}, True),
        ({"rows": [ROW | {"city": None}]}, True),
        ({"rows": [ROW | {"amount": None}]}, False),
        ({"rows": [ROW | {"count": 1.5}]}, False),
        ({"rows": [ROW | {"x": 1}]}, False),
        ({"rows": []}, False),
        ({"row": [ROW]}, False),
    ],
)
def test_the_schema_accepts_what_the_codec_accepts(body: Any, fits: bool) -> None:
    assert valid(make_spec(INPUTS), body) is fits


@pytest.mark.parametrize(("row", "fits"), [
    ({"town": "Bern", "size": 1}, True), ({"town": None, "size": 1}, True),
    ({"town": "Lima", "size": 1}, False), ({"town": "Bern", "size": None}, False),
])  # fmt: skip
def test_the_schema_names_the_categories(row: Any, fits: bool) -> None:
    assert valid(make_spec(TOWNS), {"rows": [row]}) is fits


def test_the_examples_are_the_models_own() -> None:
    spec = make_spec(doubles("x"), example={"rows": [{"x": 4.0}]})
    answer = {"predictions": [8.0], "model": "flats/3"}
    post = document(spec, {"predict": answer})["paths"]["/predict"]["post"]
    assert post["requestBody"]["content"]["application/json"]["example"] == {"rows": [{"x": 4.0}]}
    assert post["responses"]["200"]["content"]["application/json"]["example"] == answer


def test_every_way_to_fail_is_a_problem_document() -> None:
    responses = document(make_spec(doubles("x")), {})["paths"]["/predict"]["post"]["responses"]
    assert {"400", "405", "413", "415", "422", "500"} < set(responses)
    for status, response in responses.items():
        if status != "200":
            assert "application/problem+json" in response["content"]
