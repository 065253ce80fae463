"""Polls of DBOS's tables that cost little while nothing happens."""

from __future__ import annotations

import time
from typing import Any

import sqlalchemy as sa

from labline.errors import NotFound

#: seconds for which what the database says of a queue's limits is believed
_FRESH = 1.0


class Polls:
    """What DBOS asks the database each time it looks into a queue, made cheap.

    DBOS reads the queue's limits and tries to claim from it, by several queries that it puts
    together anew each time: with ten queues at ten looks a second, a quarter of a core. Here the
    limits are kept for a moment, and a claim is tried only where a prepared query finds that
    something waits.

    Parameters
    ----------
    system
        DBOS's system database in this process.
    """

    def __init__(self, system: Any) -> None:
        self._system = system
        self._waiting = _waiting(system)
        self._read, self._scopes = system.get_queue, system.dequeue_scopes
        self._known: dict[str, tuple[float, Any]] = {}
        system.get_queue, system.dequeue_scopes = self._queue, self._with_work

    @classmethod
    def over(cls, system: Any) -> Polls | None:
        """Return them in place; ``None`` for a DBOS that asks otherwise: it polls its own way."""
        asked = ("get_queue", "dequeue_scopes", "_in_flight_status_prover")
        return cls(system) if all(hasattr(system, name) for name in asked) else None

    def forget(self) -> None:
        """Read the limits of every queue anew."""
        self._known.clear()

    def _queue(self, name: str, **options: Any) -> Any:
        at, queue = self._known.get(name, (0.0, None))
        if queue is None or options or time.monotonic() - at > _FRESH:
            queue = self._read(name, **options)
            self._known[name] = time.monotonic(), queue
        return queue

    def _with_work(self, queue: str) -> list[str | None]:
        with self._system.engine.connect() as connection:
            found = connection.execute(self._waiting, {"queue": queue}).first()
        return list(self._scopes(queue)) if found else []


def _waiting(system: Any) -> sa.Select[Any]:
    rows = system.tables.workflow_status.c
    return (
        sa.select(sa.literal_column("1"))
        .where(rows.queue_name == sa.bindparam("queue"), rows.status == "ENQUEUED")
        # SQLite takes DBOS's partial index only where its condition is said word for word.
        .where(system._in_flight_status_prover())
        .limit(1)
    )


class Glance:
    """A look at how one workflow stands, by a query that is put together once.

    Parameters
    ----------
    system
        The system database of a client.
    id
        Of the workflow.
    """

    def __init__(self, system: Any, id: str) -> None:
        self._system, self._id = system, id
        rows = system.tables.workflow_status.c
        self._query = sa.select(rows.status).where(rows.workflow_uuid == id)

    def status(self) -> str:
        """Return DBOS's word for how it stands.

        Raises
        ------
        NotFound
            There is no such workflow.
        """
        with self._system.engine.connect() as connection:
            found = connection.execute(self._query).scalar()
        if found is None:
            raise NotFound(f"There is no workflow {self._id!r}.")
        return str(found)
