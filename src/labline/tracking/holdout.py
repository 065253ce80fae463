"""Held-out rows and what the model in the notebook made of them, kept with the run.

The gate ``parity`` sends the rows to the built service, which must answer the same.
"""

from __future__ import annotations

import base64
import json
import math
import sys
from pathlib import Path
from typing import Any

from labline.tracking.models import flavor_of, predict

#: where a run keeps them
PLACE = "labline/holdout.json"
_ROWS = 200


def write(model: Any, example: Any, path: Path) -> Path | None:
    """Write up to 200 rows of `example` and the model's predictions; None where JSON has no form.

    Parameters
    ----------
    example
        Rows (n, columns) as the model takes them; those kept are spread evenly over them.
    """
    try:
        path.write_text(json.dumps(sample(model, example), allow_nan=False), encoding="utf-8")
    except (TypeError, ValueError) as error:
        sys.stderr.write(f"No held-out rows are kept, the gate parity will ask for them: {error}\n")
        path.unlink(missing_ok=True)
        return None
    return path


def sample(model: Any, example: Any) -> dict[str, Any]:
    """Return ``{"rows": ..., "predictions": ...}``, JSON-ready."""
    rows = _spread(example)
    predicted = predict(model, flavor_of(model), rows)
    return {"rows": plain(rows), "predictions": plain(predicted)}


def _spread(example: Any) -> Any:
    step = max(1, math.ceil(len(example) / _ROWS))
    return example.iloc[::step] if hasattr(example, "iloc") else example[::step]


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
