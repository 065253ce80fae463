"""A JSON Schema of ``labline.toml``, for editors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from labline.settings.project import Settings

Json = dict[str, Any]


class _Plain(GenerateJsonSchema):
    """A schema without titles that only repeat the names of fields."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema(gates: Mapping[str, str], settings: type[BaseModel] = Settings) -> Json:
    """Return the JSON Schema (2020-12) of ``labline.toml``, made from the settings themselves.

    Parameters
    ----------
    gates
        Gates that an editor proposes: name -> what it says. Others are taken too: a gate may be
        installed elsewhere only.
    """
    made: Json = _writable(settings.model_json_schema(by_alias=False, schema_generator=_Plain))
    del made["properties"]["root"]
    stage = made["$defs"]["StageSettings"]["properties"]
    known = [{"const": name, "description": says} for name, says in sorted(gates.items())]
    stage["gates"]["items"] = {"anyOf": [*known, {"type": "string"}]}
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        **made,
        "title": "labline.toml",
        "description": "The policy and settings of a labline project.",
    }


def _writable(node: Any) -> Any:
    """Leave out what TOML cannot say, null, and defaults of whole tables: their keys have them."""
    if isinstance(node, list):
        return [_writable(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: _writable(value) for key, value in node.items() if key != "gt"}
    if "$ref" in kept or kept.get("default", 0) is None:
        kept.pop("default", None)
    kinds = [kind for kind in kept.pop("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) == 1:
        return {**kinds[0], **kept}
    return {**kept, "anyOf": kinds} if kinds else kept
