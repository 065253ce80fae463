"""The body of the durable workflow ``sweep``: look at the jobs, try what is next, end it.

Nothing is remembered from one look to the next but what has ended and so cannot change.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline import notebooks
from labline.errors import Unreachable
from labline.jobs.order import Order
from labline.jobs.sweeps import adaptive
from labline.jobs.sweeps.adaptive import Fact
from labline.jobs.sweeps.page import page
from labline.jobs.sweeps.pruned import Pruned
from labline.jobs.sweeps.search import Goal, Kind, Search
from labline.jobs.sweeps.space import Space, from_payload, to_payload
from labline.jobs.sweeps.sweep import Sweep, number_of, status_of, words
from labline.records import JobStatus

if TYPE_CHECKING:
    from labline.jobs.runs import Runs
    from labline.jobs.submission import Submission
    from labline.jobs.sweeps.book import Book
    from labline.workflows import Flow, Workflows

#: artifacts of the parent run
PAGE, TABLE, FACTS = "sweep.html", "sweep.csv", "sweep.json"
_PAUSE = 0.2
#: a look costs more, the more jobs there are: so many times that is waited
_EASE = 5
_PATIENCE = (1.0, 4.0, 15.0)


@dataclass(frozen=True)
class Task:
    """A sweep as it was asked for; the payload of its workflow."""

    #: the jobs' order, but for the values that are swept
    order: Order
    space: Space
    search: Search
    #: id of the parent run
    parent: str
    output_dir: str | None = None

    def to_payload(self) -> dict[str, Any]:
        """Return it JSON-ready; :meth:`of` reads it."""
        return {
            "order": asdict(self.order),
            "space": to_payload(self.space),
            "search": asdict(self.search),
            "parent": self.parent,
            "output_dir": self.output_dir,
        }

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Task:
        """Read a payload."""
        search = dict(payload["search"])
        kind, goal = Kind(search.pop("kind")), Goal(search.pop("goal"))
        return cls(
            Order(**payload["order"]),
            from_payload(payload["space"]),
            Search(kind=kind, goal=goal, **search),
            payload["parent"],
            payload["output_dir"],
        )


@dataclass(frozen=True)
class Conduct:
    """Runs sweeps."""

    runs: Runs
    workflows: Workflows
    desk: Submission
    book: Book

    def run(self, flow: Flow, payload: dict[str, Any]) -> dict[str, Any]:
        """See a sweep to its end and return how it ended."""
        task, known = Task.of(payload), dict[int, Fact]()
        while True:
            began = time.monotonic()
            flow.check()
            if self._turn(flow.id, task, known):
                break
            flow.stopping.wait(max(_PAUSE, _EASE * (time.monotonic() - began)))
        return self._close(flow, task)

    def begin(self, id: str, task: Task) -> None:
        """Queue what can be before a worker looks at the sweep."""
        self._turn(id, task, {})

    def _turn(self, id: str, task: Task, known: dict[int, Fact]) -> bool:
        """Do what is to be done now; return whether all trials have ended."""
        found = self.book.statuses(id)
        self._learn(id, task, found, known)
        running = {number: status for number, status in found.items() if not status.ended}
        if task.search.prune:
            self._prune(id, task, running, known)
        missing = [n for n in range(1, task.search.trials + 1) if n not in found]
        if task.search.adaptive:
            missing = missing[: max(0, task.search.parallel - len(running))]
        for number, point in self._points(id, task, missing, running, known):
            self._queue(id, task, number, point)
        return not missing and not running

    # -- what is known -----------------------------------------------------------------------

    def _learn(
        self,
        id: str,
        task: Task,
        found: Mapping[int, JobStatus],
        known: dict[int, Fact],
    ) -> None:
        """Add what has ended to what is known; a search that asks nobody needs to know nothing."""
        if task.search.adaptive or task.search.prune:
            fresh = [n for n, status in found.items() if status.ended and n not in known]
            known.update(self._facts(id, task, fresh))

    def _facts(self, id: str, task: Task, numbers: Sequence[int]) -> dict[int, Fact]:
        states = self.workflows.states([job_id(id, number) for number in numbers])
        facts = {}
        for job, state in states.items():
            order, metric = Order(**state.payload), task.search.metric
            note = Pruned.read(order.snapshot) if state.status is JobStatus.CANCELLED else None
            told = state.result if state.status is JobStatus.SUCCEEDED else {}
            course: Sequence[float] = note.course if note else ()
            if task.search.prune and state.status is JobStatus.SUCCEEDED:
                course = self.runs.course(told["run_id"], metric)
            elif not state.status.ended:
                run_id = self.workflows.events(job).get("run_id") if task.search.prune else None
                course = self.runs.course(run_id, metric) if run_id else ()
            number = number_of(job)
            values = {name: order.parameters[name] for name in task.space}
            value = told.get("metrics", {}).get(metric)
            facts[number] = Fact(number, values, state.status, note is not None, value, course)
        return facts

    def _points(
        self,
        id: str,
        task: Task,
        missing: Sequence[int],
        running: Mapping[int, JobStatus],
        known: Mapping[int, Fact],
    ) -> list[tuple[int, dict[str, Any]]]:
        if not missing:
            return []
        if not task.search.adaptive:
            points = task.search.points(task.space)
            return [(number, points[number - 1]) for number in missing]
        facts = {**known, **self._facts(id, task, list(running))}
        chosen = []
        for number in missing:
            told = [facts[place] for place in sorted(facts)]
            point = adaptive.propose(task.space, task.search, told, number)
            facts[number] = Fact(number, point, JobStatus.QUEUED)
            chosen.append((number, point))
        return chosen

    # -- what is done ------------------------------------------------------------------------

    def _queue(self, id: str, task: Task, number: int, point: Mapping[str, Any]) -> None:
        order = replace(
            task.order,
            parameters={**task.order.parameters, **point},
            name=f"{task.order.path.stem} {words(point)}",
            sweep=id,
            parent=task.parent,
        )
        taken = notebooks.Snapshot(order.path, order.content())
        folder = Path(task.output_dir) if task.output_dir else None
        self.desk.queue(job_id(id, number), taken, order, folder)

    def _prune(
        self,
        id: str,
        task: Task,
        running: Mapping[int, JobStatus],
        known: Mapping[int, Fact],
    ) -> None:
        begun = [number for number, status in running.items() if status is JobStatus.RUNNING]
        facts = {**known, **self._facts(id, task, begun)}
        told = [facts[place] for place in sorted(facts)]
        for number, why in adaptive.hopeless(task.space, task.search, told).items():
            self._give_up(job_id(id, number), why, task.search.metric, facts[number].course)

    def _give_up(self, job: str, why: str, metric: str, course: Sequence[float]) -> None:
        order = Order(**self.workflows.state(job).payload)
        Pruned(why, metric, course).write(order.snapshot)
        self.workflows.cancel(job)

    # -- its end -----------------------------------------------------------------------------

    def _close(self, flow: Flow, task: Task) -> dict[str, Any]:
        """Keep what came out; a tracking server that is away for a moment must not lose it."""
        for pause in _PATIENCE:
            try:
                return self.close(flow.id, task)
            except Unreachable:
                flow.stopping.wait(pause)
                flow.check()
        return self.close(flow.id, task)

    def close(self, id: str, task: Task, *, cancelled: bool = False) -> dict[str, Any]:
        """Keep table, page and facts with the parent run, and end it."""
        sweep = self.book.sweep(self.workflows.state(id))
        for trial in sweep.trials:
            if trial.run_id and trial.status is JobStatus.CANCELLED:
                self._end_run(trial.run_id, trial.pruned)
        states = [trial.status for trial in sweep.trials]
        status = status_of(states, sum(bool(trial.pruned) for trial in sweep.trials))
        ended = replace(
            sweep, status=JobStatus.CANCELLED if cancelled else status, ended=time.time()
        )
        self._keep(ended)
        word = {JobStatus.SUCCEEDED: "FINISHED", JobStatus.CANCELLED: "KILLED"}
        self.runs.tracking.end_run(task.parent, word.get(ended.status, "FAILED"))
        return {"ended": ended.ended, "status": str(ended.status)}

    def _end_run(self, run_id: str, pruned: str) -> None:
        """End the run of a trial that was cancelled; the worker may not have come to it yet."""
        self.runs.publish(run_id)
        if pruned:
            self.runs.tracking.set_tags(run_id, {"labline.pruned": pruned})
        self.runs.kill(run_id)

    def _keep(self, sweep: Sweep) -> None:
        tracking = self.runs.tracking
        tracking.log_text(sweep.run_id, page(sweep), f"labline/{PAGE}")
        tracking.log_text(sweep.run_id, sweep.to_csv(), f"labline/{TABLE}")
        tracking.log_json(sweep.run_id, sweep.to_dict(), f"labline/{FACTS}")
        best = sweep.best
        tags = {"labline.sweep": sweep.id}
        if best and best.run_id:
            tags["labline.sweep.best"] = best.run_id
        tracking.set_tags(sweep.run_id, tags)


def job_id(sweep: str, number: int) -> str:
    """Return the id of a trial's job."""
    return f"{sweep}-{number}"
