"""Specs for tests."""

from __future__ import annotations

from typing import Any

from bento_pyfunc.spec import Spec


def make_spec(inputs: list[dict[str, Any]], **changes: Any) -> Spec:
    """Return a spec of the model ``flats/3`` with small limits."""
    facts: dict[str, Any] = {
        "name": "flats",
        "version": 3,
        "tag": "flats:3-abc",
        "digest": "d" * 64,
        "inputs": inputs,
        "outputs": [],
        "params": [],
        "example": None,
        "max_body_bytes": 2000,
        "max_rows": 5,
    }
    return Spec(**facts | changes)


def doubles(*names: str) -> list[dict[str, Any]]:
    """Return a schema of required doubles."""
    return [{"name": name, "type": "double", "required": True} for name in names]
