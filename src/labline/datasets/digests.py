"""Digests of rows: two rows are equal if theirs are, whatever types a table holds them in."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    Digests = np.ndarray[Any, np.dtype[np.uint64]]

_NUMBERS = (bool, int, float, type(None))


def of_rows(frame: pd.DataFrame) -> Digests:
    """Return a 64-bit digest of each row, (rows,).

    Numbers and booleans count by value, anything else by its text, as it has passed through JSON:
    a column of integers equals the same one as floats.
    """
    import pandas as pd
    from pandas.util import hash_pandas_object

    plain = {position: _plain(frame.iloc[:, position]) for position in range(frame.shape[1])}
    hashed = hash_pandas_object(pd.DataFrame(plain, index=frame.index), index=False)
    digests: Digests = hashed.to_numpy().astype("<u8", copy=False)
    return digests


def _plain(values: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.astype("float64")
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return _texts(values)
    if all(isinstance(value, _NUMBERS) for value in values):
        return pd.Series(list(values), index=values.index, dtype="float64")
    return _texts(values)


def _texts(values: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    absent = values.isna()
    texts = [
        None if null else value.isoformat() if hasattr(value, "isoformat") else str(value)
        for value, null in zip(values, absent, strict=True)
    ]
    return pd.Series(texts, index=values.index, dtype=object)


def repeats(digests: Digests) -> int:
    """Return how many rows repeat an earlier one."""
    import numpy as np

    return len(digests) - len(np.unique(digests))


def twins(digests: Digests) -> int:
    """Return how many rows have an equal among the others."""
    import numpy as np

    _, counts = np.unique(digests, return_counts=True)
    return int(counts[counts > 1].sum())


def packed(digests: Digests) -> str:
    """Return digests as text, each once and in order: what stands where is not told."""
    import numpy as np

    return base64.b64encode(np.unique(digests).tobytes()).decode()


def unpacked(text: str) -> Digests:
    """Return the digests that :func:`packed` made text of."""
    import numpy as np

    return np.frombuffer(base64.b64decode(text), dtype="<u8")
