"""The table ``workers``: which executors there are, and which of them are alive."""

from __future__ import annotations

import os
import socket
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from labline.database import Database
from labline.database import workers as table
from labline.settings import WorkersSettings

#: A worker is shown as present if it was seen within so many heartbeats.
_PRESENT = 4
#: One whose heartbeat is too old is dead when it has missed so many more.
_MISSED = 3
_WORKER = "worker-"
_CLOCK = sa.text("SELECT extract(epoch FROM clock_timestamp())")


class Workers:
    """The executors on one database.

    On Postgres an executor is dead if its last heartbeat is too old, by the database's clock; so
    is one that was only paused, which therefore must look, before it stores anything, whether its
    work is still its own (:meth:`Flow.check`). On SQLite all are on one host: there an executor
    is dead if its process is.

    A heartbeat is not too old before it has been looked at for a while, by this process's own
    clock: after the database was away, or its clock was set, all of them are old at first.
    """

    def __init__(self, database: Database, times: WorkersSettings | None = None) -> None:
        self._database = database
        self.times = times or WorkersSettings()
        #: heartbeat of each executor that is too old, and since when it has been looked at
        self._old: dict[str, tuple[float, float]] = {}

    def enter(self, *, worker: bool) -> str:
        """Add this process as an executor and return its new identity."""
        kind = _WORKER if worker else "embedded-"
        host, pid = socket.gethostname()[:50], os.getpid()
        executor = f"{kind}{host}-{pid}-{_began(pid)}-{uuid4().hex[:8]}"
        self._insert(executor)
        return executor

    def beat(self, executor: str) -> None:
        """Say that `executor`, which is this process, lives."""
        with self._database.writing() as connection:
            now = self._now(connection)
            known = connection.execute(
                sa.update(table).where(table.c.id == executor).values(seen=now)
            )
        if not known.rowcount:
            self._insert(executor)

    def leave(self, *executors: str) -> None:
        """Remove executors that have ended."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(table).where(table.c.id.in_(executors)))

    def _insert(self, executor: str) -> None:
        row = {"id": executor, "host": socket.gethostname(), "pid": os.getpid()}
        with self._database.writing() as connection:
            times = {"started": time.time(), "seen": self._now(connection)}
            connection.execute(sa.insert(table).values(**row, **times))

    def alive(self) -> set[str]:
        """Return the identities of the executors that are alive."""
        return {row.id for row, age in self._rows() if self._alive(row, age)}

    def dead(self) -> set[str]:
        """Return the identities that are still listed but not alive."""
        return {row.id for row, age in self._rows() if not self._alive(row, age)}

    def present(self) -> bool:
        """Whether a worker, as opposed to an embedded executor, is alive and was seen lately."""
        return any(
            row.id.startswith(_WORKER)
            and age < _PRESENT * self.times.heartbeat
            and self._alive(row, age)
            for row, age in self._rows()
        )

    def _rows(self) -> list[tuple[Any, float]]:
        """Return the executors, each with the seconds since it was seen."""
        with self._database.reading() as connection:
            now = self._now(connection)
            return [(row, now - row.seen) for row in connection.execute(sa.select(table))]

    def _now(self, connection: sa.Connection) -> float:
        # The clocks of several hosts differ; the database has one.
        if not self._database.on_postgres:
            return time.time()
        return float(connection.execute(_CLOCK).scalar_one())

    def _alive(self, row: Any, age: float) -> bool:
        if self._database.on_postgres and age > self.times.lost:
            return not self._stays_old(row)
        return row.host != socket.gethostname() or _runs(row)

    def _stays_old(self, row: Any) -> bool:
        seen, since = self._old.get(row.id, (None, 0.0))
        if seen != row.seen:
            self._old[row.id] = (row.seen, time.monotonic())
            return False
        return time.monotonic() - since > _MISSED * self.times.heartbeat


def _runs(row: Any) -> bool:
    """Tell whether the process of an executor runs, and is not another with the same pid."""
    try:
        return _began(row.pid) == str(row.id).split("-")[-2]
    except ProcessLookupError:
        return False


def _began(pid: int) -> str:
    """Return when a process began, as something that setting the system's clock does not change.

    Raises
    ------
    ProcessLookupError
        It has ended.
    """
    return _ticks(pid) if sys.platform == "linux" else _since(pid)


def _ticks(pid: int) -> str:
    """Return the clock ticks from the system's boot to a process's beginning: proc(5), field 22."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError as error:
        raise ProcessLookupError(pid) from error
    state, *rest = told.rpartition(")")[2].split()
    if state == "Z":
        raise ProcessLookupError(pid)
    return rest[18]


def _since(pid: int) -> str:
    import psutil

    try:
        return f"{psutil.Process(pid).create_time():.0f}"
    except psutil.NoSuchProcess as error:
        raise ProcessLookupError(pid) from error
