"""Datasets: what a table is called, how it looks, and a digest that tells two apart."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from labline.errors import BadInput
from labline.records import Column, Dataset

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


class NotATable(BadInput):
    """The value is not a table."""


def describe(table: Any, name: str, source: str = "memory") -> Dataset:
    """Return name, digest, size and columns of a table.

    Parameters
    ----------
    table
        A pandas frame or series, a numpy array of shape (rows,) or (rows, columns), or anything
        with ``to_pandas`` or ``__arrow_c_stream__`` (Polars, PyArrow, DuckDB ...).
    source
        Where it came from: a path or URL.

    Raises
    ------
    NotATable
        It is none of these.
    """
    frame = to_frame(table, name)
    columns = [frame.iloc[:, position] for position in range(frame.shape[1])]
    schema = tuple(
        Column(name=str(label), dtype=str(values.dtype), nulls=int(values.isna().sum()))
        for label, values in zip(frame.columns, columns, strict=True)
    )
    return Dataset(name, _digest(schema, columns), len(frame), schema, source)


def to_frame(table: Any, name: str = "data") -> pd.DataFrame:
    """Return `table` as a pandas frame, without a copy where that is possible.

    Raises
    ------
    NotATable
        See :func:`describe`.
    """
    import numpy as np
    import pandas as pd

    if isinstance(table, pd.DataFrame):
        return table
    if isinstance(table, pd.Series):
        return table.to_frame(name if table.name is None else table.name)
    if isinstance(table, np.ndarray) and table.ndim in (1, 2):
        return _from_array(table, name)
    if hasattr(table, "to_pandas"):
        return to_frame(table.to_pandas(), name)
    if hasattr(table, "__arrow_c_stream__"):
        import pyarrow

        frame: pd.DataFrame = pyarrow.table(table).to_pandas()
        return frame
    raise NotATable(
        f"{name!r} is a {_what(table)}, not a table.",
        fix="Give a DataFrame, a Series, an array of one or two dimensions, or an Arrow table.",
    )


def _from_array(array: np.ndarray[Any, Any], name: str) -> pd.DataFrame:
    import pandas as pd

    labels = [name] if array.ndim == 1 else [str(column) for column in range(array.shape[1])]
    return pd.DataFrame(array.reshape(len(array), -1), columns=labels, copy=False)


def _what(table: Any) -> str:
    kind = type(table)
    shape = getattr(table, "shape", None)
    return f"{kind.__module__}.{kind.__qualname__}" + (f" of shape {shape}" if shape else "")


def _digest(schema: tuple[Column, ...], columns: list[pd.Series[Any]]) -> str:
    """Return the SHA-256 over names and types, then a 64-bit hash of every value, by column."""
    whole = hashlib.sha256(json.dumps([[c.name, c.dtype] for c in schema]).encode())
    for values in columns:
        whole.update(_hashes(values))
    return whole.hexdigest()


def _hashes(values: pd.Series[Any]) -> bytes:
    from pandas.util import hash_pandas_object

    try:
        hashed = hash_pandas_object(values, index=False)
    except TypeError:
        # Lists, dictionaries and arrays as values have no hash of their own.
        hashed = hash_pandas_object(values.map(repr).astype(object), index=False)
    return hashed.to_numpy().astype("<u8", copy=False).tobytes()
