"""What the training set looked like, kept with the run: statistics and digests, never its rows.

The gate ``data`` holds the held-out rows against it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def write(table: Any, path: Path, *, name: str, labels: Any = None) -> Path:
    """Write the profile of a training set, and the pandera schema that follows from it.

    Parameters
    ----------
    table
        Rows (n, columns) that the model was fitted on; of more than 50,000, so many are looked at.
    labels
        What is true of each row.

    Raises
    ------
    NotATable
        It is no table.
    """
    from labline.datasets.profile import profile
    from labline.datasets.schema import learn

    found = profile(table, name, labels)
    if found["seen"] < found["rows"]:
        sys.stderr.write(
            f"{name} has {found['rows']} rows: {found['seen']} of them, spread evenly, stand for "
            "it in the gate data.\n"
        )
    kept = {**found, "schema": learn(found["columns"])}
    path.write_text(json.dumps(kept, allow_nan=False), encoding="utf-8")
    return path
