"""The OpenAPI document, made from the table of routes and the shapes that it names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import TypeAdapter

from labline import __version__
from labline.lab import shapes
from labline.server.route import Query, Route
from labline.server.routes import ROUTES

_REF = "#/components/schemas/{model}"
_KINDS = {str: "string", int: "integer", float: "number", bool: "boolean"}
_FAILURES = {
    "400": "The input cannot be used.",
    "403": "Nobody is signed in, or the XSRF token is missing.",
    "404": "There is no such thing, or no project.",
    "409": "It was understood and refused, or it failed.",
    "503": "A service that labline needs cannot be reached.",
}
#: answers that are what they are
_FREE = {"Status"}


def document() -> dict[str, Any]:
    """Return the document (OpenAPI 3.1)."""
    schemas = _schemas()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "labline",
            "version": __version__,
            "description": "Runs, jobs, models, promotions and endpoints of the project that a "
            "Jupyter server shows. Times are seconds since the epoch, durations seconds.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/labline/api"}],
        "security": [{"token": []}],
        "paths": _paths(),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "apiKey", "in": "header", "name": "Authorization"}
            },
        },
    }


def _schemas() -> dict[str, Any]:
    answers = {route.answer for route in ROUTES} - _FREE | {"Failure"}
    bodies = {route.body for route in ROUTES if route.body}
    inputs = [
        *((name, "serialization", TypeAdapter(getattr(shapes, name))) for name in sorted(answers)),
        *((body.__name__, "validation", TypeAdapter(body)) for body in bodies),
    ]
    _, made = TypeAdapter.json_schemas(inputs, ref_template=_REF)  # type: ignore[arg-type]
    return {**made.get("$defs", {}), "Status": {"type": "object"}}


def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for route in ROUTES:
        paths.setdefault(f"/{route.path}", {})[route.method.lower()] = _operation(route)
    return paths


def _operation(route: Route) -> dict[str, Any]:
    made: dict[str, Any] = {
        "operationId": _id(route),
        "summary": route.summary,
        "parameters": [*_named(route.path), *map(_argument, route.query)],
        "responses": {
            str(route.status): _response(route.summary, _held(route)),
            **{code: _response(text, _ref("Failure")) for code, text in _FAILURES.items()},
        },
    }
    if route.body:
        made["requestBody"] = {"content": _json(_ref(route.body.__name__))}
    return made


def _id(route: Route) -> str:
    return f"{route.method.lower()}_{re.sub(r'[^a-z]+', '_', route.path)}".rstrip("_")


def _named(path: str) -> Iterable[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _argument(query: Query) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": _KINDS[query.kind]}
    if query.kind in (int, float):
        schema["minimum"] = 0
    if query.largest is not None:
        schema["maximum"] = query.largest
    if query.default is not None:
        schema["default"] = query.default
    return {"name": query.name, "in": "query", "description": query.help, "schema": schema}


def _held(route: Route) -> dict[str, Any]:
    one = _ref(route.answer)
    many = {"type": "array", "items": one}
    if route.holds == "one":
        return one
    if route.holds == "list":
        return many
    if route.holds == "map":
        return {"type": "object", "additionalProperties": many}
    number = {"type": "integer"}
    return {
        "type": "object",
        "required": ["items", "total", "limit", "offset"],
        "properties": {"items": many, "total": number, "limit": number, "offset": number},
    }


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": _REF.format(model=name)}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _response(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": _json(schema)}
