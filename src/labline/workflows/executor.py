"""Run the queues in this process until told to stop."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from labline.errors import Conflict
from labline.workflows.flow import Flow, Interrupted, payload_of
from labline.workflows.polling import Polls
from labline.workflows.state import GIVEN_UP, WorkflowState, state_of
from labline.workflows.telling import told
from labline.workflows.workers import Workers

Body = Callable[[Flow, dict[str, Any]], Any]
Lane = Callable[[dict[str, Any]], str]
GivenUp = Callable[[WorkflowState], None]

#: Recorded with each workflow. Raise it when bodies change their steps so that a workflow that
#: an older labline began cannot be carried on by a newer one.
VERSION = "1"
#: Seconds between two looks into a queue while there is work, and what they grow to without.
BUSY = 0.1
IDLE = 0.7
_LINGER = 10.0
_TRIES = 10
_WATCH = 0.5
_STOP = 10.0
_one = threading.Lock()


@dataclass(frozen=True)
class Registered:
    """A body and the queue it waits in."""

    body: Body
    queue: str
    #: says from the payload what it must not run beside
    lane: Lane | None = None
    #: is told of one that is tried no more, for as long as there is an executor
    given_up: GivenUp | None = None


class Executor:
    """DBOS, launched in this process; there can be one at a time.

    Parameters
    ----------
    config
        DBOS configuration: name and database.
    bodies
        What it can run, by name.
    client
        A connected ``DBOSClient``.
    queues
        The queues, as it has registered them.
    workers
        Where it signs on.
    changed
        Is notified when one of its workflows ends or publishes.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        bodies: Mapping[str, Registered],
        client: Any,
        queues: Sequence[Any],
        workers: Workers,
        changed: threading.Condition,
    ) -> None:
        self._config = config
        self._bodies = bodies
        self._client = client
        self._queues = queues
        self._workers = workers
        self._changed = changed
        self.id = ""
        self._running: dict[str, Flow] = {}
        self._given_up: set[str] = set()
        self._telling: threading.Thread | None = None
        #: ids whose body ended lately; DBOS may still be writing down how
        self._ended: deque[str] = deque(maxlen=64)
        self._pace = BUSY
        self._polls: Polls | None = None
        self._worked = time.monotonic()
        self._over = threading.Event()
        self._wake = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="labline-watch", daemon=True)

    # -- life ------------------------------------------------------------------------------

    def start(self, *, worker: bool) -> None:
        """Sign on, take over what dead executors left, and run the queues.

        Raises
        ------
        Conflict
            This process is an executor already.
        """
        if not _one.acquire(blocking=False):
            raise Conflict(
                "This process already runs the queues of a project.",
                fix="End that executor first, or use another process.",
            )
        try:
            self.id = self._workers.enter(worker=worker)
            self._launch()
        except BaseException:
            _destroy()
            _one.release()
            raise
        self._watcher.start()

    def _launch(self) -> None:
        from dbos import DBOS

        made = DBOS(
            config={  # type: ignore[arg-type, misc, unused-ignore]
                **self._config,
                # DBOS lets one application of a database have a version.
                "application_version": f"{self._config['name']}-{VERSION}",
                "executor_id": self.id,
                "run_migrations": False,
                "enable_otlp": False,
                "log_level": "WARNING",
                "notification_listener_polling_interval_sec": 0.2,
                "scheduler_polling_interval_sec": 5.0,
            }
        )
        for name, registered in self._bodies.items():
            run = self._wrapped(name, registered.body)
            DBOS.workflow(name=name, max_recovery_attempts=_TRIES)(run)
        # Of the queues that are there, not those of other hosts.
        DBOS.listen_queues([queue.name for queue in self._queues])
        DBOS.launch()
        self._polls = Polls.over(made._sys_db)

    def stop(self) -> None:
        """Interrupt what runs, put it back into the queue, and sign off."""
        self._over.set()
        self._wake.set()
        for flow in list(self._running.values()):
            flow.stopping.set()
        self._drain()
        _destroy()
        self._watcher.join()
        self._set_pace(IDLE)
        requeue(self._client, {self.id})
        self._workers.leave(self.id)
        _one.release()

    def _drain(self) -> None:
        """Wait until what ended has been recorded and what was interrupted has let go."""
        deadline = time.monotonic() + _STOP
        with self._changed:
            while self._running and time.monotonic() < deadline:
                self._changed.wait(0.1)
        while self._unrecorded() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _unrecorded(self) -> bool:
        ended = list(self._ended)
        return bool(ended) and any(
            found.status == "PENDING" and found.executor_id == self.id
            for found in self._client.list_workflows(
                workflow_ids=ended, load_input=False, load_output=False
            )
        )

    # -- bodies ----------------------------------------------------------------------------

    def _wrapped(self, name: str, body: Body) -> Callable[[Any, Any], Any]:
        def run(payload: Any, submitted: Any) -> Any:
            from dbos import DBOS

            flow = Flow(str(DBOS.workflow_id), self._is_mine)
            self._begin(flow)
            try:
                with flow.entered(), told(name, flow.id, given := payload_of(payload, submitted)):
                    result = body(flow, given)
            except Exception:
                self._ended.append(flow.id)
                raise
            else:
                self._ended.append(flow.id)
                return result
            finally:
                self._end(flow)

        return run

    def _begin(self, flow: Flow) -> None:
        if self._over.is_set():
            raise Interrupted(flow.id)
        self._running[flow.id] = flow
        self._wake.set()

    def _end(self, flow: Flow) -> None:
        with self._changed:
            self._running.pop(flow.id, None)
            self._changed.notify_all()

    # -- watch -----------------------------------------------------------------------------

    def look(self) -> None:
        """Look at once whether a running workflow was cancelled."""
        self._wake.set()

    def _watch(self) -> None:
        """Beat, take over from the dead, and tell cancelled workflows to stop."""
        due = 0.0
        while not self._over.is_set():
            if time.monotonic() >= due:
                _quietly(self._beat)
                due = time.monotonic() + self._workers.times.heartbeat
            if self._running:
                _quietly(self._stop_cancelled)
                self._worked = time.monotonic()
            _quietly(self._adjust_pace)
            rest = max(0.05, due - time.monotonic())
            self._wake.wait(min(rest, _WATCH) if self._running else rest)
            self._wake.clear()

    def _beat(self) -> None:
        self._workers.beat(self.id)
        take_over(self._client, self._workers)
        self._look_for_given_up()

    def _look_for_given_up(self) -> None:
        """Have it told what DBOS tries no more: no body runs that could do so itself.

        Beside the beats: who is told may ask MLflow, which may hang.
        """
        names = [name for name, item in self._bodies.items() if item.given_up]
        if not names or (self._telling and self._telling.is_alive()):
            return
        found = self._client.list_workflows(
            status=GIVEN_UP, name=names, load_input=False, load_output=False
        )
        if new := {one.workflow_id for one in found} - self._given_up:
            self._telling = threading.Thread(
                target=_quietly,
                args=(partial(self._tell_given_up, [*new]),),
                name="labline-given-up",
                daemon=True,
            )
            self._telling.start()

    def _tell_given_up(self, ids: list[str]) -> None:
        for found in self._client.list_workflows(workflow_ids=ids):
            _quietly(partial(self._tell_of, state_of(found)))

    def _tell_of(self, state: WorkflowState) -> None:
        if given_up := self._bodies[state.name].given_up:
            given_up(state)
        self._given_up.add(state.id)

    def _is_mine(self, id: str) -> bool:
        """Tell whether a workflow is still this executor's to run."""
        found = self._client.list_workflows(workflow_ids=[id], load_input=False, load_output=False)
        # What was cancelled still has to keep what ran so far.
        return any(
            one.executor_id == self.id and one.status in ("PENDING", "CANCELLED") for one in found
        )

    def _stop_cancelled(self) -> None:
        mine = dict(self._running)
        for found in self._client.list_workflows(
            workflow_ids=list(mine), load_input=False, load_output=False
        ):
            if found.status == "CANCELLED" or found.executor_id != self.id:
                flow = mine[found.workflow_id]
                flow.cancelled = found.executor_id == self.id
                flow.stopping.set()

    def _adjust_pace(self) -> None:
        lately = time.monotonic() - self._worked < _LINGER
        self._set_pace(BUSY if lately else IDLE)

    def _set_pace(self, pace: float) -> None:
        # DBOS can only poll; it reads the interval from the database before each poll.
        if pace != self._pace:
            for queue in self._queues:
                queue.set_polling_interval_sec(pace)
            self._pace = pace
            if self._polls:
                self._polls.forget()


def _destroy() -> None:
    from dbos import DBOS

    DBOS.destroy(destroy_registry=True)


def take_over(client: Any, workers: Workers) -> None:
    """Put back into the queue what executors that are not alive were running."""
    pending = client.list_workflows(status="PENDING", load_input=False, load_output=False)
    alive = workers.alive()
    requeue(client, {found.executor_id for found in pending} - alive)
    dead = workers.dead()
    if dead:
        workers.leave(*dead)


def requeue(client: Any, executors: set[str]) -> None:
    """Put back into the queue what `executors` were running."""
    from dbos._utils import INTERNAL_QUEUE_NAME

    for executor in executors:
        for found in client.list_workflows(
            status="PENDING", executor_id=executor, load_input=False, load_output=False
        ):
            # The public resume_workflow would also take a workflow that another executor has
            # taken over since; this checks whose it is in the same statement.
            client._sys_db.reenqueue_for_recovery(
                found.workflow_id, [executor], INTERNAL_QUEUE_NAME
            )


def _quietly(call: Callable[[], None]) -> None:
    import logging

    try:
        call()
    except Exception:
        # A database that is away for a moment must not end the watch.
        logging.getLogger("dbos").warning("labline's watch of workflows failed", exc_info=True)
