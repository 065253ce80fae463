"""What a table looks like, without any of its rows: enough to tell whether others are like it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from labline.datasets import digests
from labline.datasets.tables import to_frame

if TYPE_CHECKING:
    import pandas as pd

#: most rows that are looked at; of more, so many are spread evenly
MOST_ROWS = 50_000
#: most words that make a column one of categories; more are names, notes or keys, not to be kept
_WORDS = 50
#: most whole numbers that make labels classes
_CLASSES = 20
_BINS = 10

Profile = dict[str, Any]


def profile(table: Any, name: str, labels: Any = None) -> Profile:
    """Return statistics of each column, digests of the rows, and of the labels what they are.

    Parameters
    ----------
    table
        Anything that :func:`labline.datasets.to_frame` takes.
    labels
        One a row, in the table's order.

    Raises
    ------
    NotATable
        It is none.
    """
    frame = to_frame(table, name)
    step = max(1, -(-len(frame) // MOST_ROWS))
    seen = frame.iloc[::step]
    rows = digests.of_rows(seen)
    return {
        "name": name,
        "rows": len(frame),
        "seen": len(seen),
        "columns": {
            str(label): column(seen.iloc[:, position].tolist(), seen.dtypes.iloc[position])
            for position, label in enumerate(seen.columns)
        },
        "repeats": digests.repeats(rows),
        "twins": digests.twins(rows),
        "digests": digests.packed(rows),
        "labels": None if labels is None else _labels(to_frame(labels, "labels").iloc[::step]),
    }


def _labels(frame: pd.DataFrame) -> Profile | None:
    """Return the statistics of one column of labels; of several, nothing is told."""
    if frame.shape[1] != 1:
        return None
    values = frame.iloc[:, 0].tolist()
    return column(_classes(values), frame.dtypes.iloc[0])


def _classes(values: list[Any]) -> list[Any]:
    """Return labels as text where they are classes: whole numbers of few kinds."""
    there = {value for value in values if not absent(value)}
    whole = all(float(value).is_integer() for value in there if isinstance(value, Real))
    if len(there) > _CLASSES or not whole:
        return values
    return [None if absent(value) else word(value) for value in values]


def word(value: Any) -> str:
    """Return a category's name; the same for 1 and 1.0."""
    if number(value) and float(value).is_integer():
        return str(int(value))
    return str(value)


def number(value: Any) -> bool:
    """Whether a value is a number, of whatever library; a boolean is none."""
    return not isinstance(value, bool) and isinstance(value, Real)


def kind(values: Sequence[Any], dtype: Any = None) -> str:
    """Return ``number``, ``boolean``, ``time`` or ``text``: what most of JSON's types come down to.

    Nulls count for nothing; without any value it is ``empty``.
    """
    if dtype is not None and getattr(dtype, "kind", "") == "M":
        return "time"
    there = [value for value in values if not absent(value)]
    if not there:
        return "empty"
    if all(isinstance(value, bool) for value in there):
        return "boolean"
    if all(map(number, there)):
        return "number"
    return "time" if all(hasattr(value, "isoformat") for value in there) else "text"


def column(values: Sequence[Any], dtype: Any = None) -> Profile:
    """Return the statistics of a column's values."""
    found = kind(values, dtype)
    there = [value for value in values if not absent(value)]
    told: Profile = {"type": found, "dtype": str(dtype), "nulls": len(values) - len(there)}
    if found == "number":
        return told | _numbers(there)
    if found in ("text", "boolean"):
        counts = Counter(map(word, there))
        return told | {"distinct": len(counts)} | _named(counts, len(there))
    return told


def _named(counts: Mapping[str, int], rows: int) -> Profile:
    """Return the categories by name, unless there are so many that they may name people."""
    few = len(counts) <= _WORDS and (len(counts) <= 2 or len(counts) <= rows / 2)
    return {"values": dict(sorted(counts.items()))} if few else {}


def _numbers(values: list[Any]) -> Profile:
    import numpy as np

    numbers = np.asarray(values, dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    if not len(numbers):
        return {}
    shares = np.linspace(0, 1, _BINS + 1)[1:-1]
    # Values that are there, the largest aside: between two others no bin would hold anything.
    cuts = np.unique(np.quantile(numbers, shares, method="inverted_cdf"))
    cuts = cuts[cuts < numbers.max()]
    with np.errstate(over="ignore", invalid="ignore"):
        spread = {"mean": float(numbers.mean()), "std": float(numbers.std())}
    return {
        **{name: value for name, value in spread.items() if np.isfinite(value)},
        "min": float(numbers.min()),
        "max": float(numbers.max()),
        "cuts": cuts.tolist(),
        "counts": binned(numbers, cuts.tolist()),
    }


def binned(values: Sequence[Any] | Any, cuts: Sequence[float]) -> list[int]:
    """Return how many values lie below, between and above the cuts, (cuts + 1,).

    A value equal to a cut is below it: a number that makes up half of a column is a bin's end.
    """
    import numpy as np

    places = np.searchsorted(np.asarray(cuts), np.asarray(values, dtype=float), side="left")
    counts: list[int] = np.bincount(places, minlength=len(cuts) + 1).tolist()
    return counts


def _nan(value: Any) -> bool:
    return isinstance(value, float) and math.isnan(value)


def absent(value: Any) -> bool:
    """Whether a value is none: null, NaN, NaT."""
    import pandas as pd

    return value is None or value is pd.NA or value is pd.NaT or _nan(value)
