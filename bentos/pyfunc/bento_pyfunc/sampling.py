"""No more traces than are looked at: a span of a small model costs a third of its answer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping

VARIABLE = "LABLINE_TRACES_PER_SECOND"
_MOST = 100


class Limit:
    """So many spans a second.

    Parameters
    ----------
    most
        Spans a second.
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._second = clock()
        self._taken = 0

    def take(self) -> bool:
        """Whether one more span is allowed now; it counts. Asked on the event loop."""
        now = self._clock()
        if now - self._second >= 1:
            self._second, self._taken = now, 0
        self._taken += 1
        return self._taken <= self._most

    def give_back(self) -> None:
        """Count the last span that was allowed no more: nothing came of it."""
        self._taken -= 1


def most(environ: Mapping[str, str] = os.environ) -> int:
    """Return how many spans a second the environment allows.

    Raises
    ------
    ValueError
        It does not say a whole number.
    """
    given = environ.get(VARIABLE) or _MOST
    try:
        return int(given)
    except ValueError:
        raise ValueError(f"{VARIABLE} is {given!r}, which is no whole number.") from None
