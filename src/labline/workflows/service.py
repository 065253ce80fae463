"""Workflows: submit, look, wait, cancel; and run them."""

from __future__ import annotations

import builtins
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from uuid import uuid4

from labline.database import Database
from labline.errors import Conflict, NotFound, Unreachable, nearest
from labline.records import JobStatus
from labline.settings import Settings
from labline.workflows import queues, search
from labline.workflows.executor import BUSY, Body, Executor, GivenUp, Lane, Registered
from labline.workflows.log import log_to
from labline.workflows.polling import Glance
from labline.workflows.state import READ, STATUS, WorkflowState, state_of
from labline.workflows.timetable import Entry, Timetable
from labline.workflows.workers import Workers

#: what is more urgent has the smaller number to DBOS, which counts from 1
_USUAL = 1000
_LOOK = 0.1


class Workflows:
    """Durable workflows on the project's database.

    Parameters
    ----------
    settings
        Concurrency of the queue ``jobs``, and where logs go.
    database
        Where workflows are kept, beside the ledger.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._workers = Workers(database, settings.workers)
        #: empty where no other host can share the database
        self.host = socket.gethostname() if database.on_postgres else ""
        self._bodies: dict[str, Registered] = {}
        self._changed = threading.Condition()
        self._executor: Executor | None = None

    def register(
        self,
        name: str,
        body: Body,
        *,
        queue: str,
        lane: Lane | None = None,
        given_up: GivenUp | None = None,
    ) -> None:
        """Name a body, before :meth:`executor`; submitting needs the name too.

        See :mod:`labline.workflows.queues` for how many a queue runs at a time. With `lane`, which
        names the lane of a payload, its queue runs one at a time in each lane, in the order of
        submission, and lanes side by side. `given_up` is told, at least once, of a workflow that is
        tried no more as each of its executors died.
        """
        self._bodies[name] = Registered(body, queue, lane, given_up)

    # -- from outside ----------------------------------------------------------------------

    def submit(
        self,
        name: str,
        payload: dict[str, Any],
        *,
        id: str | None = None,
        queue: str | None = None,
        priority: int = 0,
        words: str = "",
        host: str | None = None,
    ) -> str:
        """Queue a workflow and return its id; an `id` that is known is that same workflow.

        Parameters
        ----------
        queue
            A queue other than that of the name.
        priority
            From -100 to 100: what is higher leaves the queue first.
        words
            What :meth:`search` finds it by, beside its id.
        host
            Where to run what each host has a queue of its own for; here unless given.

        Raises
        ------
        Conflict
            `id` is a workflow of another name.
        """
        from dbos._error import DBOSConflictingWorkflowError

        registered = self._registered(name)
        options = {
            "workflow_name": name,
            "queue_name": self._queue(queue or registered.queue, host),
            **self._lane(registered, payload),
            "workflow_id": id or uuid4().hex,
            # Somebody waits for what the executing process itself submits.
            "priority": _USUAL - 2 * priority - (1 if self._executor else 0),
            **({"attributes": search.said(words)} if words else {}),
        }
        try:
            with self._answering() as client:
                return str(client.enqueue(options, payload, time.time()).get_workflow_id())
        except DBOSConflictingWorkflowError as error:
            raise Conflict(f"The id {id!r} is taken by another kind of workflow.") from error

    def state(self, id: str) -> WorkflowState:
        """Return one workflow.

        Raises
        ------
        NotFound
            There is none with this id.
        """
        return state_of(self._find(id, whole=True))

    def list(
        self,
        name: str,
        *,
        limit: int | None = 50,
        offset: int = 0,
        status: JobStatus | None = None,
        prefix: str = "",
        whole: bool = True,
    ) -> list[WorkflowState]:
        """Return workflows of one name whose ids begin with `prefix`, newest first.

        It costs less if not `whole`: without payload, result and error.
        """
        with self._answering() as client:
            found = client.list_workflows(
                name=name,
                limit=limit,
                offset=offset,
                status=STATUS[status] if status else None,
                workflow_id_prefix=prefix or None,
                sort_desc=True,
                load_input=whole,
                load_output=whole,
            )
        return sorted(map(state_of, found), key=lambda state: state.created, reverse=True)

    def search(
        self,
        name: str,
        text: str,
        *,
        limit: int = 50,
        offset: int = 0,
        status: JobStatus | None = None,
    ) -> tuple[builtins.list[WorkflowState], int]:
        """Return a page of the workflows that `text` fits, newest first, and how many it fits."""
        with self._answering() as client:
            ids, total = search.find(client, name, text, limit=limit, offset=offset, status=status)
        found = self.states(ids)
        return [found[id] for id in ids if id in found], total

    def note_failure(self, id: str, error: Exception) -> None:
        """Have :meth:`search` find a workflow by what it failed with."""
        with self._answering() as client:
            client.update_workflow_attributes(id, search.failed(error), merge=True)

    def states(self, ids: Sequence[str]) -> dict[str, WorkflowState]:
        """Return those of several workflows that there are, in one query."""
        with self._answering() as client:
            found = client.list_workflows(workflow_ids=[*ids]) if ids else []
        return {one.workflow_id: state_of(one) for one in found}

    def count(self, name: str, limit: int, status: JobStatus | None = None) -> int:
        """Return how many workflows of one name, and status, there are, up to `limit`."""
        import sqlalchemy as sa

        # DBOS's client only lists; ten thousand rows take it half a second.
        with self._answering() as client:
            system = client._sys_db
            columns = system.tables.workflow_status.c
            mine = system._observability_filter(columns.application_name, None)
            wanted = [columns.name == name, mine]
            if status:
                wanted.append(columns.status.in_(STATUS[status]))
            some = sa.select(columns.workflow_uuid).where(*wanted).limit(limit).subquery()
            with system._observability_query() as connection:
                counted = sa.select(sa.func.count()).select_from(some)
                return int(connection.execute(counted).scalar_one())

    def events(self, id: str) -> dict[str, Any]:
        """Return what the workflow has published so far."""
        with self._answering() as client:
            # The client's public get_event wants the keys, and waits for them.
            return dict(client._sys_db.get_all_events(id))

    def cancel(self, id: str) -> None:
        """Take the workflow out of the queue, or stop it; one that has ended stays as it is."""
        self._find(id)
        with self._answering() as client:
            client.cancel_workflow(id)
        if self._executor:
            self._executor.look()

    def send(self, id: str, topic: str, value: Any) -> None:
        """Send `value`, JSON-ready, to the workflow's :meth:`Flow.receive`."""
        self._find(id)
        with self._answering() as client:
            client.send(id, value, topic)

    def wait(
        self,
        id: str,
        *,
        timeout: float | None = None,
        on_events: Callable[[dict[str, Any]], None] | None = None,
    ) -> WorkflowState:
        """Return the workflow once it has ended, or as it stands after `timeout` seconds.

        `on_events` is called with all that was published, each time that has changed.
        """
        deadline = time.monotonic() + timeout if timeout is not None else float("inf")
        seen: dict[str, Any] = {}
        with self._answering() as client:
            glance = Glance(client._sys_db, id)
        while True:
            with self._answering():
                ended = READ[glance.status()].ended
            if on_events and (events := self.events(id)) != seen:
                seen = events
                on_events(events)
            rest = deadline - time.monotonic()
            if ended or rest <= 0:
                return self.state(id)
            with self._changed:
                self._changed.wait(min(_LOOK, rest))

    def busy(self) -> bool:
        """Whether anything is queued or running."""
        words = [word for word, status in READ.items() if not status.ended]
        with self._answering() as client:
            found = client.list_workflows(
                status=words, limit=1, load_input=False, load_output=False
            )
        return bool(found)

    def has_worker(self) -> bool:
        """Whether a worker is alive and was seen in the last 20 seconds."""
        return self._workers.present()

    @property
    def timetable(self) -> Timetable:
        """What is submitted by the clock."""
        return Timetable(self._answering, self._application)

    def schedule(self, name: str, workflow: str, entry: Entry) -> None:
        """Submit a registered workflow by the clock; see :meth:`Timetable.add`."""
        queue = self._queue(self._registered(workflow).queue)
        self.timetable.add(name, workflow, queue, entry)

    # -- inside ----------------------------------------------------------------------------

    @contextmanager
    def executor(self, *, heartbeat: bool = False) -> Iterator[None]:
        """Run the queues in this process until the block ends.

        What dead executors left is carried on. What still runs at the end of the block is
        interrupted and put back into the queue. A block within a block changes nothing.

        Parameters
        ----------
        heartbeat
            This is a worker that others may count on (:meth:`has_worker`), as opposed to an
            executor embedded in a command that ends when its own work is done.

        Raises
        ------
        Conflict
            This process already executes another project's workflows.
        """
        if self._executor:
            yield
            return
        with self._answering() as client:
            executor = Executor(
                {"name": self._application, "system_database_url": self._url},
                self._bodies,
                client,
                self._declare_queues(client),
                self._workers,
                self._changed,
            )
            executor.start(worker=heartbeat)
        self._executor = executor
        try:
            yield
        finally:
            self._executor = None
            executor.stop()

    def _declare_queues(self, client: Any) -> builtins.list[Any]:
        names = {registered.queue for registered in self._bodies.values()}
        names |= set(map(queues.of_group, self._settings.jobs.groups))
        jobs, lanes = self._settings.jobs, self._has_lanes
        limits = {name: queues.limits(jobs, name, lanes=lanes(name)) for name in sorted(names)}
        return [
            client.register_queue(self._queue(name), polling_interval_sec=BUSY, **given)
            for name, given in limits.items()
        ]

    def _has_lanes(self, queue: str) -> bool:
        return any(item.lane for item in self._bodies.values() if item.queue == queue)

    def _lane(self, registered: Registered, payload: dict[str, Any]) -> dict[str, str]:
        named = registered.lane(payload) if registered.lane else ""
        has = self._has_lanes(registered.queue)
        return {"queue_partition_key": named or "-"} if has else {}

    # -- connection ------------------------------------------------------------------------

    def close(self) -> None:
        """Close the connections."""
        if "_client" in self.__dict__:
            self._client.destroy()
            del self.__dict__["_client"]

    @cached_property
    def _client(self) -> Any:
        # Opening labline's tables first sets SQLite's journal to WAL, for DBOS too.
        with self._database.reading():
            log_to(self._settings.folder("logs") / "workflows.log")
        from dbos import DBOS, DBOSClient

        DBOS.migrate(self._url)
        return DBOSClient(
            system_database_url=self._url,
            application_name=self._application,
            retry_connection_errors=False,
        )

    @contextmanager
    def _answering(self) -> Iterator[Any]:
        from sqlalchemy.exc import OperationalError

        try:
            yield self._client
        except OperationalError as error:
            raise Unreachable(
                f"The database {self._database.url.render_as_string(hide_password=True)} does "
                f"not answer: {error.orig}",
                fix="Start it, or correct LABLINE_DATABASE_URL.",
            ) from error

    @property
    def _url(self) -> str:
        return self._database.url.render_as_string(hide_password=False)

    @property
    def _application(self) -> str:
        """Name under which DBOS keeps this project's workflows apart from others'."""
        if not self._database.on_postgres:
            return "labline"
        return "labline-" + re.sub(r"[^a-z0-9_]+", "-", self._settings.project.name.lower())

    def _queue(self, name: str, host: str | None = None) -> str:
        where = (self.host if host is None else host) if name in queues.OF_HOSTS else ""
        return "-".join(filter(None, (self._application, name, where)))

    def _registered(self, name: str) -> Registered:
        if name not in self._bodies:
            raise NotFound(f"No workflow is named {name!r}.", fix=nearest(name, self._bodies))
        return self._bodies[name]

    def _find(self, id: str, *, whole: bool = False) -> Any:
        with self._answering() as client:
            found = client.list_workflows(workflow_ids=[id], load_input=whole, load_output=whole)
        if not found:
            raise NotFound(f"There is no workflow {id!r}.")
        return found[0]
