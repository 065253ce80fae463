"""Inject bound values as a cell after the parameters cell, the way papermill does.

A value ``env:NAME`` is a reference: what is injected reads the environment when the notebook
runs, so the value itself is in no notebook, record or log.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from labline.notebooks.parameters import PARAMETERS_TAG

if TYPE_CHECKING:
    from nbformat import NotebookNode

INJECTED_TAG = "injected-parameters"
_REFERENCE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]*)")


def is_reference(value: Any) -> bool:
    """Whether `value` is ``env:NAME``."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None


def secrets(values: Mapping[str, Any]) -> list[str]:
    """Return the names of the environment variables that `values` refer to."""
    found = (_REFERENCE.fullmatch(value) for value in values.values() if isinstance(value, str))
    return sorted({match[1] for match in found if match})


def missing_secrets(values: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """Return those of :func:`secrets` that `environment` does not have."""
    return [name for name in secrets(values) if name not in environment]


def inject(notebook: NotebookNode, values: Mapping[str, Any]) -> NotebookNode:
    """Return a copy of `notebook` with `values`, bound already, in a cell of their own."""
    made = deepcopy(notebook)
    told = made.metadata.setdefault("papermill", {})
    told["parameters"] = {**told.get("parameters", {}), **_json_ready(dict(values))}
    if not values:
        return made
    made.cells = [cell for cell in made.cells if INJECTED_TAG not in _tags(cell)]
    tagged = (number for number, cell in enumerate(made.cells, 1) if PARAMETERS_TAG in _tags(cell))
    made.cells.insert(next(tagged, 0), _cell(values))
    return made


def reinject(notebook: NotebookNode, values: Mapping[str, Any]) -> None:
    """Rewrite in place, as :func:`inject` would have it, what another tool injected."""
    notebook.metadata.setdefault("papermill", {})["parameters"] = _json_ready(dict(values))
    for cell in notebook.cells:
        if INJECTED_TAG in _tags(cell):
            cell.source = _code(values)


def injected_values(notebook: NotebookNode) -> dict[str, Any]:
    """Return the values that were injected into `notebook`, by labline or by papermill."""
    return dict(notebook.metadata.get("papermill", {}).get("parameters") or {})


def _cell(values: Mapping[str, Any]) -> NotebookNode:
    from nbformat.v4 import new_code_cell

    # A fixed id: the same values make the same notebook, byte for byte.
    return new_code_cell(
        source=_code(values), metadata={"tags": [INJECTED_TAG]}, id="labline-parameters"
    )


def _tags(cell: NotebookNode) -> list[str]:
    return list(cell.metadata.get("tags", []))


def _code(values: Mapping[str, Any]) -> str:
    lines = [
        f"{name} = {_reference(value) or _expression(value)}" for name, value in values.items()
    ]
    return "\n".join(["# Parameters", *lines])


def _reference(value: Any) -> str:
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return f'__import__("os").environ["{match[1]}"]' if match else ""


def _expression(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_expression(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_expression, value)) + "]"
    return repr(value)


def _json_ready(value: Any) -> Any:
    # JupyterLab cannot open a notebook whose metadata hold NaN.
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {str(key): _json_ready(item) for key, item in value.items()}
    return [_json_ready(item) for item in value] if isinstance(value, list | tuple) else value
