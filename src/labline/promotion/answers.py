"""Answers of a built service: compare them, and tell them in a line."""

from __future__ import annotations

import json
import math
from typing import Any

from labline.promotion.evidence import Answer


def equal(ours: Any, theirs: Any, tolerance: float) -> bool:
    """Return whether two JSON values are equal, numbers by relative difference."""
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(
            equal(a, b, tolerance) for a, b in zip(ours, theirs, strict=True)
        )
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(
            equal(value, theirs[key], tolerance) for key, value in ours.items()
        )
    if _number(ours) and _number(theirs):
        return math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=tolerance)
    return bool(ours == theirs)


def told(answer: Answer) -> str:
    """Return an answer in a line: status, and what is wrong by its problem details."""
    if not answer.status:
        return f"no answer ({answer.body})"
    body = answer.body
    if not isinstance(body, dict):
        return f"{answer.status} {str(body)[:200]}"
    errors = [f"{item.get('field')}: {item.get('message')}" for item in body.get("errors", ())[:3]]
    said = "; ".join(errors) or str(body.get("detail") or body.get("title") or "")
    return f"{answer.status} {said.rstrip('.')}"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def shown(value: Any) -> str:
    """Return a JSON value, short enough for a message."""
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
