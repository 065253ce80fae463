"""Held-out rows, their labels, and what the model in the notebook made of them, kept with the run.

The gate ``parity`` sends the rows to the built service, which must answer the same; with the
labels, metrics get intervals, slices, and a champion that is held against the same rows.
"""

from __future__ import annotations

import base64
import json
import math
import sys
from pathlib import Path
from typing import Any

from labline.tracking.flavors import flavor_of

#: where a run keeps them
PLACE = "labline/holdout.json"
#: where it keeps what its training set looks like; see :mod:`labline.datasets.training`
TRAINING = "labline/training.json"
#: most rows that are kept, and most cells: a wide table keeps fewer rows
_ROWS = 1000
_CELLS = 50_000


def write(model: Any, example: Any, path: Path, labels: Any = None) -> Path | None:
    """Write rows of `example`, labels and predictions; None where JSON has no form.

    Parameters
    ----------
    example
        Rows (n, columns) as the model takes them; those kept, up to 1000, are spread evenly
        over them.
    labels
        What is true of each row.
    """
    try:
        kept = sample(model, example, labels)
        path.write_text(json.dumps(kept, allow_nan=False), encoding="utf-8")
    except (TypeError, ValueError) as error:
        sys.stderr.write(f"No held-out rows are kept, the gate parity will ask for them: {error}\n")
        path.unlink(missing_ok=True)
        return None
    return path


def sample(model: Any, example: Any, labels: Any = None) -> dict[str, Any]:
    """Return what is kept, JSON-ready.

    ``rows``, ``predictions``, ``of`` (how many rows the whole set has); with labels, ``labels``
    and, from a classifier that gives probabilities, ``scores`` and its ``classes``.
    """
    step = _step(example)
    rows = _every(example, step)
    predicted = flavor_of(model).predict(model, rows)
    kept = {"rows": plain(rows), "predictions": plain(predicted), "of": len(example)}
    if labels is None:
        return kept
    return {**kept, "labels": plain(_every(labels, step)), **_scores(model, rows)}


def _scores(model: Any, rows: Any) -> dict[str, Any]:
    if not (hasattr(model, "predict_proba") and hasattr(model, "classes_")):
        return {}
    return {"scores": plain(model.predict_proba(rows)), "classes": plain(model.classes_)}


def _step(example: Any) -> int:
    shape = getattr(example, "shape", ())
    width = max(1, int(math.prod(shape[1:])))
    most = max(1, min(_ROWS, _CELLS // width))
    return max(1, -(-len(example) // most))


def _every(table: Any, step: int) -> Any:
    return table.iloc[::step] if hasattr(table, "iloc") else table[::step]


def plain(value: Any) -> Any:
    """Return tables, arrays and scalars as JSON has them: no value and NaN are null.

    Raises
    ------
    TypeError
        It has no form in JSON.
    """
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        return [plain(row) for row in value.to_dict("records")]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "toarray"):
        value = value.toarray()
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    import pandas as pd

    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bool | int | str):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
