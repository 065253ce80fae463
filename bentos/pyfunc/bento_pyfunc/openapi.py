"""The OpenAPI document of the service, made from the model's signature and example."""

from __future__ import annotations

from typing import Any

from bento_pyfunc.columns import KINDS
from bento_pyfunc.media import Form
from bento_pyfunc.nested import kind_of, sample
from bento_pyfunc.spec import Spec

Json = dict[str, Any]

_SAMPLES: Json = {
    "boolean": True,
    "integer": 1,
    "long": 1,
    "float": 0.5,
    "double": 0.5,
    "string": "text",
    "datetime": "2026-01-31T12:00:00",
    "binary": "AA==",
}
_BINARY = {"type": "string", "contentMediaType": Form.ARROW.value}
_ERRORS = {
    400: "The body is not JSON, or a key is repeated in it.",
    405: "Only POST is served here.",
    406: "The answer is wanted in a form that it cannot have.",
    408: "The body did not come in time.",
    413: "The body is too large or has too many rows.",
    415: "The body is not declared as something that is read here, or it is compressed.",
    422: "The data does not fit the model's signature; `errors` lists field, row and message.",
    500: "The model raised an error.",
}


def document(spec: Spec, answers: Json) -> Json:
    """Return the document.

    Parameters
    ----------
    answers
        Verb (``predict``, ``predict_proba``) -> what the model says of the example. There may be
        none; a verb other than ``predict`` is described where it has an answer.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": spec.name,
            "version": str(spec.version),
            "description": f"Predictions of the model {spec.label}.",
        },
        "paths": {
            **{
                f"/{verb}": {"post": _predict(spec, verb, answers.get(verb))}
                for verb in {"predict": None, **answers}
            },
            "/version": {"get": _get("What is served: model, version, digest, Bento.")},
            "/livez": {"get": _get("The process lives.")},
            "/readyz": {"get": _get("The model is loaded and warm.")},
            "/metrics": {"get": _get("Prometheus metrics.")},
        },
        "components": {"schemas": {"Problem": _problem()}},
    }


def example(spec: Spec) -> Json:
    """Return the model's own example, or one made up from the signature."""
    if spec.example is not None:
        return spec.example
    if spec.inputs[0]["type"] == "tensor":
        shape = [max(size, 1) for size in spec.inputs[0]["tensor-spec"]["shape"]]
        return {"inputs": _zeros(shape)}
    return {"rows": [{item["name"]: sample(item, _SAMPLES) for item in spec.inputs}]}


def _zeros(shape: list[int]) -> Any:
    return [_zeros(shape[1:]) for _ in range(shape[0])] if shape else 0


_SUMMARIES = {
    "predict": "Predict with {}",
    "predict_proba": "The probability of each class, by {}",
}


def _predict(spec: Spec, verb: str, answer: Json | None) -> Json:
    return {
        "summary": _SUMMARIES[verb].format(spec.label),
        "operationId": verb,
        "parameters": [_request_id()],
        "requestBody": {
            "required": True,
            "content": _bodies(spec),
        },
        "responses": {
            "200": {
                "description": "One prediction a row, in the rows' order.",
                "headers": {
                    "X-Request-Id": {"schema": {"type": "string"}},
                    "X-Labline-Model": {"schema": {"type": "string"}},
                },
                "content": _answers(verb, answer),
            },
            **{str(status): _error(text) for status, text in _ERRORS.items()},
        },
    }


def _bodies(spec: Spec) -> Json:
    """Return the forms of a request; an Arrow stream has the same columns."""
    bodies: Json = {Form.JSON.value: {"schema": _body(spec), "example": example(spec)}}
    if spec.inputs[0]["type"] != "tensor":
        row = _tables(spec.inputs)["rows"]["items"]
        bodies[Form.NDJSON.value] = {"schema": {"description": "A row a line."}, "x-line": row}
    bodies[Form.ARROW.value] = {"schema": _BINARY}
    return bodies


def _answers(verb: str, answer: Json | None) -> Json:
    lines = {"schema": {"description": "A prediction a line."}}
    return {
        Form.JSON.value: _answer(_SAYS[verb], answer),
        Form.NDJSON.value: lines,
        Form.ARROW.value: {"schema": _BINARY},
    }


_SAYS: dict[str, Json] = {
    "predict": {"predictions": {}},
    "predict_proba": {
        "classes": {"type": "array"},
        "probabilities": {
            "type": "array",
            "items": {"type": "array", "items": {"type": "number", "minimum": 0, "maximum": 1}},
        },
    },
}


def _answer(says: Json, answer: Json | None) -> Json:
    properties = says | {"model": {"type": "string"}}
    schema = {"type": "object", "required": list(properties), "properties": properties}
    return {"schema": schema} | ({"example": answer} if answer is not None else {})


def _request_id() -> Json:
    return {
        "name": "X-Request-Id",
        "in": "header",
        "description": "Joins the prediction with its label later; made up where it is missing.",
        "schema": {"type": "string", "maxLength": 128},
    }


def _body(spec: Spec) -> Json:
    if spec.inputs[0]["type"] == "tensor":
        shapes = [_tensor(item) for item in spec.inputs]
        named = {item["name"]: shape for item, shape in zip(spec.inputs, shapes, strict=True)
                 if "name" in item}  # fmt: skip
        data = _object(named, list(named)) if named else shapes[0]
        forms = {"inputs": data, "instances": data, "rows": data}
    else:
        forms = _tables(spec.inputs)
    params = {item["name"]: KINDS[item["type"]].schema for item in spec.params}
    extra = {"params": _object(params, [])} if params else {}
    return {"oneOf": [_object({key: form} | extra, [key]) for key, form in forms.items()]}


def _tables(inputs: list[Json]) -> Json:
    cells = {item["name"]: _cell(item) for item in inputs}
    required = [item["name"] for item in inputs if item.get("required", True)]
    rows = {"type": "array", "minItems": 1, "items": _object(cells, required)}
    lists = {name: {"type": "array", "minItems": 1, "items": cell} for name, cell in cells.items()}
    # Any order of the columns is taken; a schema can say one only.
    names = {"const": list(cells)}
    values = _tuple(list(cells.values()))
    split = {"columns": names, "data": {"type": "array", "minItems": 1, "items": values}}
    return {
        "rows": rows,
        "columns": _object(lists, required),
        "dataframe_records": rows,
        "dataframe_split": _object(split | {"index": {"type": "array"}}, list(split)),
        "inputs": _object(lists, required),
        "instances": rows,
    }


def _tuple(items: list[Json]) -> Json:
    size = len(items)
    return {"type": "array", "prefixItems": items, "minItems": size, "maxItems": size}


def _cell(item: Json) -> Json:
    schema = kind_of(item).schema
    if item.get("required", True):
        return schema
    if "enum" in schema:
        return {"enum": [*schema["enum"], None]}
    return schema | {"type": [schema["type"], "null"]}


def _tensor(item: Json) -> Json:
    schema: Json = {"type": "boolean" if "bool" in item["tensor-spec"]["dtype"] else "number"}
    for size in reversed(item["tensor-spec"]["shape"]):
        fixed = {"minItems": size, "maxItems": size} if size >= 0 else {}
        schema = {"type": "array", "items": schema, **fixed}
    return schema


def _object(properties: Json, required: list[str]) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _error(text: str) -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "content": {"application/problem+json": {"schema": schema}}}


def _problem() -> Json:
    error = {
        "field": {"type": "string"},
        "row": {"type": ["integer", "null"]},
        "message": {"type": "string"},
    }
    members = {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "array", "items": _object(error, list(error))},
    }
    return {"type": "object", "properties": members, "required": ["type", "title", "status"]}


def _get(summary: str) -> Json:
    return {"summary": summary, "responses": {"200": {"description": "OK"}}}
