"""What a model gives for a batch of rows, as Arrow columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labline.errors import Failed

#: what the column is called where the model gives no names
NAME = "prediction"


def columns(given: Any, rows: int) -> dict[str, Any]:
    """Return predictions as Arrow arrays by name.

    Raises
    ------
    Failed
        They are not one for each row, or have no form in Arrow.
    """
    import pyarrow as pa

    made = {}
    for name, values in _named(given):
        try:
            made[name] = _arrow(values)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise Failed(f"What it predicts, {name!r}, has no form in Arrow: {error}") from error
        if len(made[name]) != rows:
            raise Failed(f"It gave {len(made[name])} predictions for {rows} rows.")
    return made


def _named(given: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(given, "columns") and hasattr(given, "iloc"):
        yield from ((str(name), given.iloc[:, at]) for at, name in enumerate(given.columns))
    elif isinstance(given, dict):
        yield from ((str(name), values) for name, values in given.items())
    else:
        yield NAME, given.toarray() if hasattr(given, "toarray") else given


def _arrow(values: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    if isinstance(values, np.ndarray) and values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if isinstance(values, np.ndarray) and values.ndim > 1:
        made = pa.array(values.reshape(-1))
        for size in reversed(values.shape[1:]):
            made = pa.FixedSizeListArray.from_arrays(made, size)
        return made
    made = pa.array(values, from_pandas=True)
    # Words of which none is known here are words all the same, as in the other parts.
    return made.cast(pa.string()) if pa.types.is_null(made.type) else made
