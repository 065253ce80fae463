"""Where a spare hears what it is to be, by the way in which spares come about."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from typing import Any


class Source(ABC):
    """The other side of a spare that waits.

    Lifecycle: whoever makes a spare gives it one; the spare's application, which is
    :class:`~labline.kernel.warm.application.SpareApp`, calls :meth:`hear`, :meth:`watch` and
    :meth:`say` once each, in this order.
    """

    #: names of the variables that this process was started with
    environment: Collection[str]
    #: whether the sockets are made before the job is known, and renamed then
    binds = True

    @abstractmethod
    def hear(self) -> tuple[Mapping[str, Any], Sequence[int]]:
        """Wait for the job; return it and descriptors: of stdout, of stderr, and others.

        The job is :attr:`labline.kernel.warm.lease.Job.message`.

        Raises
        ------
        EOFError
            There will be none.
        """

    @abstractmethod
    def watch(self, sockets: str, descriptors: Sequence[int]) -> threading.Thread | None:
        """Return what is to be started for the kernel to end with its owner, if anything is."""

    @abstractmethod
    def say(self, message: Mapping[str, Any]) -> None:
        """Tell the other side that the kernel is what was asked for."""
