"""A promotion's steps wait while MLflow, the database or the package index is away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Any, Protocol, TypeVar

from labline.errors import Unreachable

logger = logging.getLogger(__name__)

T = TypeVar("T")
#: seconds that judging waits: until then nothing was changed, and it can be asked for again
JUDGING = 60.0
_FIRST, _LONGEST = 0.2, 10.0


class Flow(Protocol):
    """What a promotion's steps are run by; see :class:`labline.workflows.Flow`."""

    @property
    def id(self) -> str:
        """Id of the workflow."""
        ...

    def step(self, name: str, call: Callable[[], T]) -> T:
        """Run `call` once, durably."""
        ...

    def publish(self, key: str, value: Any) -> None:
        """Show progress to the outside."""
        ...


class Stoppable(Flow, Protocol):
    """What a durable workflow hands to its body."""

    stopping: Event

    def check(self) -> None:
        """Return if the body may go on."""
        ...


@dataclass(frozen=True)
class Patient:
    """A flow whose steps are tried again while what they need is away.

    The error of a step is recorded for good: so it is tried again within the step.
    """

    flow: Stoppable
    #: seconds until it gives up; ``None``: what was begun is finished, however long that takes
    limit: float | None = JUDGING

    @property
    def id(self) -> str:
        """Id of the workflow."""
        return self.flow.id

    def publish(self, key: str, value: Any) -> None:
        """Show progress to the outside."""
        self.flow.publish(key, value)

    def step(self, name: str, call: Callable[[], T]) -> T:
        """Run `call` once, durably; again and again while what it needs cannot be reached."""
        return self.flow.step(name, lambda: self._patiently(name, call))

    def _patiently(self, name: str, call: Callable[[], T]) -> T:
        began, pause = time.monotonic(), _FIRST
        while True:
            try:
                return call()
            except Unreachable as error:
                waited = time.monotonic() - began
                if self.limit is not None and waited + pause > self.limit:
                    raise
                logger.warning("%s waits: %s", name, error.message)
            self.flow.stopping.wait(pause)
            self.flow.check()
            pause = min(2 * pause, _LONGEST)
