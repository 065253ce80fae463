"""Prestarted spares: kept by each process that starts kernels, for itself.

The zygote's way needs a system that forks safely; this one needs nothing but child processes. A
spare has imported what the project's notebooks import, and is given away once.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labline.kernel.warm.kept import Kept, Kind
from labline.kernel.warm.wire import CannotServe, Unwanted

_log = logging.getLogger(__name__)
# The second kernel shows that there may be a third: a program that runs one notebook keeps none.
_ENOUGH_DEMAND = 2
_TICK, _SOON = 1.0, 0.05
# A spare that is being made is ready as soon as a cold kernel would be.
_WORTH_WAITING = 20.0
_MOST_FAILURES, _REST = 3, 60.0


@dataclass
class Pool:
    """The spares of one kind."""

    kind: Kind
    #: spares to keep
    size: int
    #: seconds without a kernel until they end
    idle: float
    spares: list[Kept] = field(default_factory=list)
    kernels: list[Kept] = field(default_factory=list)
    #: kernels that were asked for
    demand: int = 0
    #: those that wait for a spare now
    waiting: int = 0
    #: spares that are being told what to be
    lent: int = 0
    used: float = field(default_factory=time.monotonic)
    #: spares that came to nothing, the last of them when and why
    failures: int = 0
    failed_at: float = 0.0
    failure: str = ""

    @property
    def ready(self) -> list[Kept]:
        """Spares that can be given away, the newest last."""
        return [spare for spare in self.spares if spare.is_ready]

    @property
    def underway(self) -> int:
        """Count the spares that are being made."""
        return sum(not spare.is_ready for spare in self.spares)

    @property
    def rests(self) -> bool:
        """Whether too many spares came to nothing of late."""
        is_long_ago = time.monotonic() - self.failed_at > _REST
        return self.failures >= _MOST_FAILURES and not is_long_ago

    @property
    def missing(self) -> int:
        """Count the spares that are still to be made."""
        is_wanted = self.demand >= _ENOUGH_DEMAND and not self.rests
        return max(0, self.size - len(self.spares) - self.lent) if is_wanted else 0

    def failed(self, why: str) -> None:
        """Note that a spare came to nothing."""
        self.failures = 1 if time.monotonic() - self.failed_at > _REST else self.failures + 1
        self.failed_at, self.failure = time.monotonic(), why

    def drop(self) -> list[Kept]:
        """Let go of all spares; return them."""
        dropped, self.spares = self.spares, []
        return dropped


class Keeper:
    """Keeps spares ready for the kernels that this process starts.

    Lifecycle: :func:`of_process` makes one; its thread runs while there are pools. Its spares end
    when they were idle, when packages changed, with :meth:`stop`, and with this process.
    """

    def __init__(self) -> None:
        self.pid = os.getpid()
        self._pools: dict[str, Pool] = {}
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None
        atexit.register(self._stop_at_exit)

    def take(
        self, kind: Kind, job: Mapping[str, Any], streams: Sequence[int], size: int, idle: float
    ) -> Any:
        """Return the process of a kernel that has become what `job` says.

        Raises
        ------
        CannotServe
            There is no spare for it.
        """
        pool, spare = self._lend(kind, size, idle)
        reply: dict[str, Any] = {}
        try:
            reply = spare.become(dict(job), streams)
        except (OSError, EOFError) as error:
            why = f"the spare did not become a kernel ({error or 'it ended'})"
            raise CannotServe(why) from error
        finally:
            self._take_back(pool, spare, reply)
        if "stale" in reply:
            raise Unwanted("installed packages changed, new spares are being made")
        if "refused" in reply:
            raise CannotServe(reply["refused"])
        return spare.process

    def stop(self, chosen: Callable[[Kind], bool] = lambda _: True) -> None:
        """End the spares of some kinds; kernels go on."""
        with self._news:
            pools = [pool for pool in self._pools.values() if chosen(pool.kind)]
            for pool in pools:
                pool.size = pool.idle = 0
            dropped = [spare for pool in pools for spare in pool.drop()]
            self._news.notify_all()
        _end(dropped)

    def _stop_at_exit(self) -> None:
        if self.pid == os.getpid():
            self.stop()

    # -- who asks ------------------------------------------------------------------------------

    def _lend(self, kind: Kind, size: int, idle: float) -> tuple[Pool, Kept]:
        """Wait for a spare that is ready, if one is to come; take it out of its pool."""
        deadline = time.monotonic() + _WORTH_WAITING
        with self._news:
            pool = self._pools.setdefault(kind.name, Pool(kind, size, idle))
            pool.size, pool.idle, pool.used = size, idle, time.monotonic()
            pool.demand += 1
            self._begin()
            if pool.rests:
                raise CannotServe(f"prestarted kernels do not live: {pool.failure}")
            pool.waiting += 1
            try:
                while not pool.ready:
                    left = deadline - time.monotonic()
                    if left < 0 or pool.waiting > pool.underway + pool.missing:
                        raise Unwanted("no prestarted kernel is ready")
                    self._news.wait(left)
            finally:
                pool.waiting -= 1
                self._news.notify_all()
            spare = pool.ready[-1]
            pool.spares.remove(spare)
            pool.lent += 1
            return pool, spare

    def _take_back(self, pool: Pool, spare: Kept, reply: Mapping[str, Any]) -> None:
        """Put what was lent where it belongs by its answer, which may be none."""
        useless = []
        with self._news:
            pool.lent -= 1
            if "ready" in reply:
                pool.kernels.append(spare)
            elif "refused" in reply:
                pool.spares.append(spare)
            else:
                useless = [spare, *(pool.drop() if "stale" in reply else ())]
            self._news.notify_all()
        _end(useless)

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._keep, name="labline-kernel-keeper", daemon=True
            )
            self._thread.start()

    # -- the thread ----------------------------------------------------------------------------

    def _keep(self) -> None:
        try:
            self._keep_while_needed()
        finally:
            # Whatever it was, the next kernel begins anew.
            self._thread = None

    def _keep_while_needed(self) -> None:
        while True:
            with self._news:
                for pool in list(self._pools.values()):
                    self._look_after(pool)
                if not self._pools:
                    self._thread = None
                    return
                self._news.notify_all()
                lacking = [pool for pool in self._pools.values() if _lacks(pool)]
            for pool in lacking:
                self._add(pool)
            with self._news:
                if not lacking:
                    underway = any(pool.underway for pool in self._pools.values())
                    self._news.wait(_SOON if underway else _TICK)

    def _look_after(self, pool: Pool) -> None:
        for spare in list(pool.spares):
            if failure := spare.listen():
                pool.spares.remove(spare)
                self._note_failure(pool, spare, failure)
        ended = [kernel for kernel in pool.kernels if not kernel.is_alive]
        for kernel in ended:
            pool.kernels.remove(kernel)
        _end([*ended, *_outdated(pool)])
        if ended or pool.kernels or pool.lent:
            pool.used = time.monotonic()
        is_idle = time.monotonic() - pool.used > pool.idle
        if is_idle and not (pool.kernels or pool.waiting or pool.lent):
            _end(pool.drop())
            del self._pools[pool.kind.name]

    def _note_failure(self, pool: Pool, spare: Kept, failure: str) -> None:
        if not spare.learned:
            pool.failed(failure)
            _log.warning("A prestarted kernel ended before its time: %s", failure)
        spare.end()

    def _add(self, pool: Pool) -> None:
        try:
            spare = Kept(pool.kind)
        except OSError as error:
            pool.failed(str(error))
            return
        with self._news:
            if self._pools.get(pool.kind.name) is pool and pool.size:
                pool.spares.append(spare)
                return
        spare.end()


def _lacks(pool: Pool) -> bool:
    """Tell whether a pool is to have one more spare than it has."""
    if pool.missing:
        return True
    # A newer one first, then the older one goes.
    is_idle = pool.size > 0 and not pool.underway and not pool.rests
    return is_idle and any(spare.is_outdated() for spare in pool.spares)


def _outdated(pool: Pool) -> list[Kept]:
    """Take out of a pool what is more than it should have, the oldest first, and return it."""
    ready = pool.ready
    surplus = ready[: max(0, len(ready) - pool.size)]
    for spare in surplus:
        pool.spares.remove(spare)
    return surplus


def _end(spares: Sequence[Kept]) -> None:
    for spare in spares:
        spare.end()


_keeper: Keeper | None = None
_making = threading.Lock()


def of_process() -> Keeper:
    """Return the keeper of this process; a fork has one of its own."""
    global _keeper  # noqa: PLW0603 - spares are children of the process, as their keeper is
    with _making:
        if _keeper is None or _keeper.pid != os.getpid():
            _keeper = Keeper()
        return _keeper


def stop(root: Path) -> None:
    """End the spares that this process keeps for a project; its running kernels go on."""
    if _keeper is not None and _keeper.pid == os.getpid():
        _keeper.stop(lambda kind: kind.key.root == str(root))
