"""The jobs that one worker runs at a time, whichever queue or group they came from."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from labline.workflows import Interrupted

_LOOK = 0.2


class Slots:
    """A number of places; who waits gets one by priority, then in order.

    The queue itself limits only what comes out of one queue; each group has its own, and what a
    dead worker left comes through another.

    Parameters
    ----------
    count
        How many there are.
    """

    def __init__(self, count: int = 1) -> None:
        self._free = count
        self._order = itertools.count()
        self._waiting: list[tuple[int, int]] = []
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, priority: int, stopping: threading.Event) -> Iterator[None]:
        """Have a place within the block; a higher priority is served first.

        Raises
        ------
        Interrupted
            `stopping` was set while there was none.
        """
        self._take((-priority, next(self._order)), stopping)
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _take(self, ticket: tuple[int, int], stopping: threading.Event) -> None:
        with self._changed:
            heapq.heappush(self._waiting, ticket)
            try:
                while not self._free or self._waiting[0] != ticket:
                    if stopping.is_set():
                        raise Interrupted
                    self._changed.wait(_LOOK)
                self._free -= 1
            finally:
                self._waiting.remove(ticket)
                heapq.heapify(self._waiting)
                self._changed.notify_all()
