"""The table ``workers``: which executors there are, and which of them are alive."""

from __future__ import annotations

import os
import socket
import time
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from labline.database import Database
from labline.database import workers as table

#: Seconds between two heartbeats.
BEAT = 5.0
#: A worker is shown as present if it was seen within so many seconds.
PRESENT = 20.0
#: An executor on another host is dead if it was not seen for so many seconds.
LOST = 60.0
_WORKER = "worker-"


class Workers:
    """The executors on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def enter(self, *, worker: bool) -> str:
        """Add this process as an executor and return its new identity."""
        kind = _WORKER if worker else "embedded-"
        executor = f"{kind}{socket.gethostname()[:50]}-{os.getpid()}-{uuid4().hex[:8]}"
        self._insert(executor, time.time())
        return executor

    def beat(self, executor: str) -> None:
        """Say that `executor`, which is this process, lives."""
        with self._database.writing() as connection:
            known = connection.execute(
                sa.update(table).where(table.c.id == executor).values(seen=time.time())
            )
        if not known.rowcount:
            self._insert(executor, time.time())

    def leave(self, *executors: str) -> None:
        """Remove executors that have ended."""
        with self._database.writing() as connection:
            connection.execute(sa.delete(table).where(table.c.id.in_(executors)))

    def _insert(self, executor: str, now: float) -> None:
        row = {"id": executor, "host": socket.gethostname(), "pid": os.getpid()}
        with self._database.writing() as connection:
            connection.execute(sa.insert(table).values(**row, started=now, seen=now))

    def alive(self) -> set[str]:
        """Return the identities of the executors that are alive."""
        return {row.id for row in self._rows() if _alive(row)}

    def dead(self) -> set[str]:
        """Return the identities that are still listed but not alive."""
        return {row.id for row in self._rows() if not _alive(row)}

    def present(self) -> bool:
        """Whether a worker, as opposed to an embedded executor, is alive and was seen lately."""
        return any(
            row.id.startswith(_WORKER) and row.seen > time.time() - PRESENT and _alive(row)
            for row in self._rows()
        )

    def _rows(self) -> list[Any]:
        with self._database.reading() as connection:
            return list(connection.execute(sa.select(table)))


def _alive(row: Any) -> bool:
    if row.host != socket.gethostname():
        return bool(row.seen > time.time() - LOST)
    import psutil

    try:
        # A process that began after the row was written has been given the same pid by chance.
        return bool(psutil.Process(row.pid).create_time() <= row.started + 1)
    except psutil.NoSuchProcess:
        return False
