"""What a workflow body is handed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, TypeVar, cast

from labline import telemetry

T = TypeVar("T")
_LISTEN = 0.5
#: Seconds for which it holds that a workflow is one's own; others take over much later.
_TRUSTED = 0.5
_current: ContextVar[Flow | None] = ContextVar("labline-flow", default=None)


def _clock() -> float:
    """Return seconds that also pass while the machine sleeps, where that can be known."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def payload_of(given: Any, more: Any) -> dict[str, Any]:
    """Return the payload in the two arguments that DBOS keeps of a workflow.

    They are the payload and the time of submission; of what is submitted by the clock, the time
    by the rule and the rule's payload.
    """
    return {**(more or {}), "at": given.timestamp()} if isinstance(given, datetime) else dict(given)


class Interrupted(BaseException):
    """The workflow was cancelled, or its executor is stopping.

    Not an ``Exception``: a body must not take it for a failure of its own. Nothing is recorded;
    unless it was cancelled, the workflow is run again elsewhere.
    """


class Flow:
    """One run of a workflow body.

    Attributes
    ----------
    id
        Id of the workflow; the same when the body is run again after a crash.
    stopping
        Set when the body should end at once. A step that takes long watches it and calls
        :meth:`check`.
    cancelled
        Whether it is to end for good, as opposed to be run again elsewhere.
    """

    def __init__(self, id: str, asks: Callable[[str], bool] | None = None) -> None:
        self.id = id
        self.stopping = threading.Event()
        self.cancelled = False
        self._asks = asks
        self._confirmed = _clock()

    @staticmethod
    def current() -> Flow | None:
        """Return the flow whose body or step is calling, if one is."""
        return _current.get()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be :meth:`current` within the block."""
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)

    def check(self) -> None:
        """Return if the body may go on; to be called before anything is stored.

        A process that was paused, or cut off from the database, may have been taken for dead: if
        it was not confirmed a moment ago that the workflow is still this one's, the database is
        asked, as long as it takes until it answers.

        Raises
        ------
        Interrupted
            The body may not: it is to stop, or another executor has taken over.
        """
        if self.stopping.is_set() or not self.is_mine():
            raise Interrupted(self.id)

    def is_mine(self) -> bool:
        """Tell whether the body may store what it has, also when it is to stop."""
        while self._asks is not None and _clock() - self._confirmed >= _TRUSTED:
            now = _clock()
            if (answer := self._ask(self._asks)) is False:
                return False
            if answer:
                self._confirmed = now
            elif self.stopping.wait(_LISTEN):
                return False
        return True

    def _ask(self, asks: Callable[[str], bool]) -> bool | None:
        """Return the database's answer, ``None`` while it is away."""
        from sqlalchemy.exc import OperationalError

        try:
            answer = asks(self.id)
        except OperationalError:
            return None
        if not answer:
            self.stopping.set()
        return answer

    def step(self, name: str, call: Callable[[], T]) -> T:
        """Return what `call` returns, now or when the step was done before.

        A result or error is recorded, so `call` is not repeated once it has ended. It may be
        repeated if its process dies in between: `call` must stand that.
        """
        from dbos import DBOS

        self.check()

        def traced() -> T:
            with telemetry.span(name):
                return call()

        return cast("T", DBOS.run_step({"name": name}, traced))

    def publish(self, key: str, value: Any) -> None:
        """Let the outside read `value`, JSON-ready, by :meth:`Workflows.events`."""
        from dbos import DBOS

        self.check()
        DBOS.set_event(key, value)

    def receive(self, topic: str, timeout: float) -> Any | None:
        """Return the next value sent to `topic`, or None after `timeout` seconds in all."""
        from dbos import DBOS

        deadline = self.step(f"wait for {topic} until", lambda: time.time() + timeout)
        self.step(f"wait for {topic}", lambda: self._await(topic, deadline))
        return DBOS.recv(topic, timeout_seconds=0)

    def _await(self, topic: str, deadline: float) -> bool:
        # DBOS.recv itself cannot be interrupted: it would hold up the end of this process.
        from dbos._dbos import _get_dbos_instance

        arrived = threading.Event()
        while True:
            _get_dbos_instance()._sys_db.recv_check(self.id, topic, arrived)
            if arrived.is_set() or time.time() >= deadline:
                return arrived.is_set()
            self.stopping.wait(min(_LISTEN, max(0.0, deadline - time.time())))
            self.check()
