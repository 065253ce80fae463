"""Whether answering several requests together pays, tried out on the model itself."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from bento_pyfunc.shortcuts import Bare, Matrix

_ROWS = 8
#: orders answered together, where it pays
MOST = 32


class Trial(NamedTuple):
    """What was tried, as /version tells it."""

    #: orders that go together; 1: each alone
    together: int
    #: seconds for one row, and for eight at once
    one: float
    eight: float
    #: whether rows get the same bits in company as alone
    same: bool


def try_out(shorts: Sequence[Bare], rows: Matrix) -> Trial:
    """Ask for eight rows one by one and together.

    Rows go together where each then gets the same bits as alone, and all take less than half of
    the time. Only the libraries' own models come here: code of a user may look at all rows of a
    request at once.
    """
    eight = np.asfortranarray(rows[:_ROWS])
    single = [np.asfortranarray(eight[at : at + 1]) for at in range(len(eight))]
    same = all(_same(short, single, eight) for short in shorts)
    one = max(seconds(lambda s=short: s(single[0])) for short in shorts)
    whole = max(seconds(lambda s=short: s(eight)) for short in shorts)
    pays = same and whole < one * len(eight) / 2
    return Trial(MOST if pays else 1, one, whole, same)


def _same(short: Bare, single: list[Matrix], eight: Matrix) -> bool:
    apart, whole = [short(row) for row in single], short(eight)
    if not isinstance(whole, np.ndarray):
        return False
    return np.array_equal(np.concatenate(apart), whole)


def seconds(call: Callable[[], Any]) -> float:
    """Return the median seconds of a call."""
    taken = []
    for _ in range(5):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def together(short: Bare, matrices: Sequence[Matrix]) -> list[Any]:
    """Ask for all rows at once and return what was said of each matrix."""
    said = short(np.concatenate([matrix.T for matrix in matrices], axis=1).T)
    ends = np.cumsum([len(matrix) for matrix in matrices])[:-1]
    return np.split(said, ends)
