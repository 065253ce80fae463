"""Sweeps: start, look, wait, cancel."""

from __future__ import annotations

import builtins
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from labline import notebooks
from labline.errors import Conflict
from labline.jobs.options import DEFAULT, Options
from labline.jobs.order import Order
from labline.jobs.runs import Runs
from labline.jobs.submission import Submission, difference
from labline.jobs.sweeps import adaptive
from labline.jobs.sweeps.book import Book
from labline.jobs.sweeps.conduct import Conduct, Task
from labline.jobs.sweeps.search import Goal, Search, Wanted, plan
from labline.jobs.sweeps.space import Range, Space, shown
from labline.jobs.sweeps.sweep import SWEEP, Sweep
from labline.records import Job, JobStatus
from labline.settings import Settings
from labline.workflows import Workflows, WorkflowState

_LOOK = 0.15
#: a look costs more, the more jobs there are: so many times that is waited
_EASE = 5
NOTHING_ASKED = Wanted()


class Sweeps:
    """The sweeps of a project.

    Parameters
    ----------
    settings
        How many trials run at a time, and which value of a metric is best.
    workflows
        The queue; the workflow ``sweep`` is registered there.
    runs
        Opens and ends the parent run.
    desk
        Queues the jobs.
    job
        Makes the job of a workflow.
    """

    def __init__(
        self,
        settings: Settings,
        workflows: Workflows,
        runs: Runs,
        desk: Submission,
        job: Callable[[WorkflowState], Job],
    ) -> None:
        self._settings = settings
        self._workflows = workflows
        self._runs = runs
        self._desk = desk
        self._book = Book(workflows, runs, job)
        self._conduct = Conduct(runs, workflows, desk, self._book)
        workflows.register(SWEEP, self._conduct.run, queue="sweeps")

    # -- start -------------------------------------------------------------------------------

    def start(
        self,
        notebook: Path | str,
        values: Mapping[str, Any],
        space: Space,
        wanted: Wanted = NOTHING_ASKED,
        options: Options = DEFAULT,
    ) -> Sweep:
        """Queue jobs over `space`; where points depend on what came of others, the first ones.

        Raises
        ------
        NotFound, BadNotebook, BadParameter, BadInput
            Before anything is queued: some job could not be run, or the search not be done.
        Conflict
            The key is that of another sweep.
        Unreachable
            MLflow does not answer.
        """
        space = {n: axis if isinstance(axis, Range) else tuple(axis) for n, axis in space.items()}
        search = self._search(space, wanted)
        taken = notebooks.snapshot(notebook)
        order = self._order(taken, values, space, options)
        id = _id(options.key)
        if not self._known(id, options.key, order, space, search):
            self._open(id, taken, order, space, search, options)
        return self.get(id)

    def _search(self, space: Space, wanted: Wanted) -> Search:
        stages = self._settings.by_policy_of_now().stages.values()
        rules = [stage.metric for stage in stages if stage.metric]
        ups = [rule.greater_is_better for rule in rules if rule.name == wanted.metric]
        goal = (Goal.MAXIMIZE if ups[0] else Goal.MINIMIZE) if ups else None
        search = plan(space, wanted, goal=goal, parallel=self._settings.jobs.concurrency)
        if search.adaptive or search.prune:
            adaptive.require()
        return search

    def _order(
        self,
        taken: notebooks.Snapshot,
        values: Mapping[str, Any],
        space: Space,
        options: Options,
    ) -> Order:
        """Return the order of a job, every value to try checked."""
        first = {n: _first(axis) for n, axis in space.items()}
        order = self._desk.order(taken, {**values, **first}, options)
        for name, axis in space.items():
            for other in () if isinstance(axis, Range) else axis[1:]:
                notebooks.bind(taken.notebook, {**values, **first, name: other})
        return order

    def _open(
        self,
        id: str,
        taken: notebooks.Snapshot,
        order: Order,
        space: Space,
        search: Search,
        options: Options,
    ) -> None:
        parent = self._runs.open(
            taken.notebook,
            taken.path,
            kind=SWEEP,
            name=f"{taken.path.stem} over {', '.join(space)}",
            experiment=options.experiment,
            tags={**options.tags, "labline.sweep": id},
            values={**order.parameters, **{n: shown(axis) for n, axis in space.items()}},
        )
        with self._runs.ended(parent.id):
            snapshot = self._desk.keep(id, taken)
            folder = str(options.output_dir.resolve()) if options.output_dir else None
            task = Task(replace(order, snapshot=snapshot), space, search, parent.id, folder)
            self._workflows.submit(SWEEP, task.to_payload(), id=id)
            self._conduct.begin(id, task)

    def _known(self, id: str, key: str | None, order: Order, space: Space, search: Search) -> bool:
        """Whether this was started with this key before.

        Raises
        ------
        Conflict
            Something else was.
        """
        state = self._workflows.states([id] if key else []).get(id)
        if state is None:
            return False
        old = Task.of(state.payload)
        other = difference(old.order, order)
        asked = replace(search, parallel=old.search.parallel)
        if not other and (old.space, old.search) != (space, asked):
            other = "another space or search"
        if other:
            raise Conflict(
                f"The key {key!r} is that of sweep {id}, with {other}.",
                fix="Give another key to another sweep.",
            )
        if not state.status.ended:
            self._conduct.begin(id, old)
        return True

    # -- look --------------------------------------------------------------------------------

    def get(self, reference: str) -> Sweep:
        """Return the sweep with this id, or the one whose id begins so.

        Raises
        ------
        NotFound
            None does, or more than one.
        """
        return self._book.sweep(self._book.find(reference))

    def list(self, *, limit: int = 50, offset: int = 0) -> builtins.list[Sweep]:
        """Return sweeps, newest first."""
        found = self._workflows.list(SWEEP, limit=limit, offset=offset)
        return [self._book.sweep(state) for state in found]

    def jobs(self, reference: str) -> builtins.list[Job]:
        """Return the jobs of a sweep, in order; raises as :meth:`get` does."""
        return self._book.jobs(self._book.find(reference).id)

    def wait(
        self,
        reference: str,
        *,
        on_progress: Callable[[Sequence[Job]], None] | None = None,
        timeout: float | None = None,
    ) -> Sweep:
        """Return the sweep once it has ended, or as it stands after `timeout` seconds.

        `on_progress` is called with all its jobs so far, several times a second. Raises as
        :meth:`get` does, and what has ended the sweep itself.
        """
        deadline = time.monotonic() + timeout if timeout is not None else float("inf")
        known: dict[str, tuple[JobStatus, Job]] = {}
        while True:
            began = time.monotonic()
            state = self._book.find(reference)
            if on_progress:
                on_progress(self._book.follow(state.id, known))
            if state.status is JobStatus.FAILED and state.error:
                raise state.error
            if state.status.ended or time.monotonic() >= deadline:
                return self._book.sweep(state)
            time.sleep(max(_LOOK, _EASE * (time.monotonic() - began)))

    def cancel(self, reference: str) -> Sweep:
        """Try nothing more, stop the jobs that run, and end the parent run.

        Raises
        ------
        NotFound
            There is no such sweep.
        """
        state = self._book.find(reference)
        if not state.status.ended:
            self._workflows.cancel(state.id)
            for job in self._book.jobs(state.id):
                if not job.status.ended:
                    self._workflows.cancel(job.id)
                    if job.run_id:
                        self._runs.kill(job.run_id)
            self._conduct.close(state.id, Task.of(state.payload), cancelled=True)
        return self.get(state.id)


def _id(key: str | None) -> str:
    """Return a new id, or the one that belongs to a key."""
    if key is None:
        return uuid4().hex[:12]
    return hashlib.sha256(f"{SWEEP} {key}".encode()).hexdigest()[:16]


def _first(axis: Range | tuple[Any, ...]) -> Any:
    if isinstance(axis, Range):
        return int(axis.low) if axis.whole else axis.low
    return axis[0]
