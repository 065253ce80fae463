"""Lists, objects and maps inside one column, checked against MLflow's schema of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bento_pyfunc import categories
from bento_pyfunc.columns import KINDS, Column, Kind, Unfit, describe

Json = dict[str, Any]
#: a value -> the value the model sees; raises :class:`Unfit`
Check = Callable[[Any], Any]

#: MLflow types of a column that hold other types
NESTED = frozenset({"array", "object", "map"})


def kind_of(item: Json) -> Kind:
    """Return how a column of MLflow's schema travels as JSON; ``item`` is its entry."""
    if "categories" in item:
        return categories.kind(item["categories"])
    if item["type"] not in NESTED:
        return KINDS[item["type"]]
    check = _check(item)

    def build(values: Any) -> Any:
        array = np.empty(len(values), dtype=object)
        for at, value in enumerate(values):
            array[at] = None if value is None else check(value)
        return array

    types = frozenset({list}) if item["type"] == "array" else frozenset({dict})
    return Kind(item["type"], types, _WORDS[item["type"]], build, build, schema(item))


_WORDS = {"array": "a list", "object": "an object", "map": "an object"}


def _check(item: Json) -> Check:
    makers: dict[str, Callable[[Json], Check]] = {
        "array": _list, "object": _object, "map": _map
    }  # fmt: skip
    maker = makers.get(item["type"])
    return maker(item) if maker else _scalar(item["type"])


def _scalar(name: str) -> Check:
    column = Column("", KINDS[name], required=True)

    def check(value: Any) -> Any:
        if type(value) not in column.types:
            raise Unfit(f"must be {column.kind.words}, not {describe(value)}")
        if name == "string":
            return value
        try:
            one = column.kind.array([value])[0]
        except Unfit:
            raise
        except (ValueError, OverflowError):
            raise Unfit(f"must be {column.kind.words}, not {describe(value)}") from None
        return one.item() if isinstance(one, np.generic) and name != "datetime" else one

    return check


def _list(item: Json) -> Check:
    inner = _check(item["items"])

    def check(value: Any) -> Any:
        if not isinstance(value, list):
            raise Unfit(f"must be a list, not {describe(value)}")
        return [_within(f"[{at}]", inner, one) for at, one in enumerate(value)]

    return check


def _object(item: Json) -> Check:
    inner = {name: _check(part) for name, part in item["properties"].items()}
    required = {name for name, part in item["properties"].items() if part.get("required", True)}

    def check(value: Any) -> Any:
        if not isinstance(value, dict):
            raise Unfit(f"must be an object, not {describe(value)}")
        for name in value.keys() - inner.keys():
            raise Unfit(f"has the key {name[:80]!r}, which the model does not know")
        for name in required - value.keys():
            raise Unfit(f"lacks the key {name!r}")
        return {
            name: None if one is None and name not in required
            else _within(f".{name}", inner[name], one)
            for name, one in value.items()
        }  # fmt: skip

    return check


def _map(item: Json) -> Check:
    inner = _check(item["values"])

    def check(value: Any) -> Any:
        if not isinstance(value, dict):
            raise Unfit(f"must be an object, not {describe(value)}")
        return {name: _within(f".{name[:80]}", inner, one) for name, one in value.items()}

    return check


def _within(place: str, inner: Check, value: Any) -> Any:
    try:
        return inner(value)
    except Unfit as error:
        text = str(error)
        raise Unfit(f"{place}{text}" if text[0] in ".[" else f"{place} {text}") from None


def schema(item: Json) -> Json:
    """Return the JSON Schema of one value."""
    if item["type"] == "array":
        return {"type": "array", "items": schema(item["items"])}
    if item["type"] == "map":
        return {"type": "object", "additionalProperties": schema(item["values"])}
    if item["type"] != "object":
        return KINDS[item["type"]].schema
    parts = item["properties"]
    return {
        "type": "object",
        "properties": {name: schema(part) for name, part in parts.items()},
        "required": [name for name, part in parts.items() if part.get("required", True)],
        "additionalProperties": False,
    }


def sample(item: Json, samples: Json) -> Any:
    """Return a value that fits, with those of plain types from `samples`."""
    if "categories" in item:
        return item["categories"][0]
    if item["type"] == "array":
        return [sample(item["items"], samples)]
    if item["type"] == "map":
        return {"key": sample(item["values"], samples)}
    if item["type"] == "object":
        return {name: sample(part, samples) for name, part in item["properties"].items()}
    return samples[item["type"]]
