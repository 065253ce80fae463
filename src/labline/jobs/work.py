"""The body of the durable workflow ``job``."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline import notebooks
from labline.errors import BadNotebook, CellFailed, LablineError, Unreachable
from labline.jobs.execution import (
    DEAD,
    MEMORY,
    TIME,
    Execution,
    Plan,
    execute_notebook,
    require_secrets,
)
from labline.jobs.pinned import MODULES, Pinned
from labline.jobs.runs import Runs
from labline.jobs.slots import Slots
from labline.records import JobStatus, RunningCell
from labline.workflows import Flow, Interrupted, Workflows

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from labline.records import Run

JOB = "job"


@dataclass(frozen=True)
class Order:
    """What was submitted; the payload of the workflow."""

    #: where the notebook was
    notebook: str
    #: digest of its bytes at submit
    sha256: str
    parameters: Mapping[str, Any]
    experiment: str
    #: name of the run
    name: str
    #: seconds for all cells together
    timeout: float
    #: bytes that its processes may hold
    memory: int | None = None
    #: CPUs that its kernel may use
    cpus: int | None = None
    #: what is higher leaves the queue first
    priority: int = 0
    #: the queue's group
    group: str | None = None
    #: how often to try again where the kernel was lost
    retries: int = 0
    #: whether to try again where a cell raised, too
    retry_on_error: bool = False
    #: id of the job that this one tries again
    retry_of: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    #: file that holds the notebook as it was at submit
    snapshot: str = ""
    #: local modules as they were at submit: digest by path relative to the notebook's folder
    modules: Mapping[str, str] = field(default_factory=dict)
    #: files that the executed notebook and its HTML page go to
    output: str = ""
    report: str = ""
    #: id of the sweep that the job belongs to
    sweep: str | None = None
    #: id of the parent run of that sweep
    parent: str | None = None

    @property
    def path(self) -> Path:
        """Where the notebook was."""
        return Path(self.notebook)

    @property
    def log(self) -> Path:
        """File that what the cells show is appended to, as text."""
        return Path(self.snapshot).with_name("log.txt")

    def content(self) -> bytes:
        """Return the notebook as it was at submit.

        Raises
        ------
        BadNotebook
            The snapshot is gone or was changed.
        """
        try:
            content = Path(self.snapshot).read_bytes()
        except OSError as error:
            raise BadNotebook(
                f"The snapshot {self.snapshot} of {self.path.name} cannot be read: "
                f"{error.strerror}.",
                fix="Submit the notebook again.",
            ) from error
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise BadNotebook(
                f"The snapshot {self.snapshot} of {self.path.name} was changed after submit.",
                fix="Submit the notebook again.",
            )
        return content

    def given(self) -> NotebookNode:
        """Return the notebook as it was at submit, with the values injected."""
        return notebooks.inject(notebooks.parse(self.content(), self.path.name), self.parameters)


@dataclass(frozen=True)
class Work:
    """Runs an order: open the run, execute, keep what came out, end the run."""

    runs: Runs
    workflows: Workflows
    #: seconds to wait for a tracking server that is away before what ran is kept, try by try
    patience: tuple[float, ...] = (1.0, 4.0, 15.0)
    #: seconds before a job is tried again: the first time, and at most; it doubles each time
    backoff: tuple[float, float] = (2.0, 60.0)
    #: places for jobs in this process
    slots: Slots = field(default_factory=Slots)

    def run(self, flow: Flow, payload: dict[str, Any]) -> dict[str, Any]:
        """Run one job and return its facts.

        The run is found again when the job is carried on by another worker; the notebook is then
        executed from its start.

        Raises
        ------
        CellFailed
            A cell raised, time was up or the kernel died; facts are in its ``details``.
        """
        order = Order(**payload)
        with self.slots.taken(order.priority, flow.stopping):
            facts: dict[str, Any] = {"started": flow.step("start", time.time)}
            try:
                self._run(flow, order, facts)
            except LablineError as error:
                error.details.update(facts)
                raise
            return facts

    def _run(self, flow: Flow, order: Order, facts: dict[str, Any]) -> None:
        flow.publish("started", facts["started"])
        given = order.given()
        require_secrets(given, os.environ)
        facts["run_id"] = flow.step("open the run", lambda: self._open(flow, order, given, 1))
        flow.publish("run_id", facts["run_id"])
        execution = self._try(flow, order, given, facts)
        run = flow.step("close the run", lambda: self._close(flow, order, given, execution, facts))
        facts.update(ended=run.ended, metrics=dict(run.metrics))
        if execution.failure:
            raise execution.failure

    def _try(
        self, flow: Flow, order: Order, given: NotebookNode, facts: dict[str, Any]
    ) -> Execution:
        """Execute the notebook, again where that may help and is wanted."""
        attempts: list[dict[str, Any]] = []
        for attempt in range(1, order.retries + 2):
            attempts.append({"number": attempt, "run_id": facts["run_id"], "started": time.time()})
            facts["attempts"] = attempts
            flow.publish("attempts", attempts)
            # The notebook itself, with all it shows, stays out of the database.
            progress, failure = flow.step(
                "execute", lambda: self._execute(flow, order, given, facts["run_id"])
            )
            facts["progress"] = progress
            if attempt > order.retries or not may_help(failure, order):
                break
            attempts[-1]["error"] = failure.message if failure else ""
            first, most = self.backoff
            flow.stopping.wait(min(most, first * 2 ** (attempt - 1)))
            flow.check()
            self._begin_again(flow, order, given, facts)
        return Execution(notebooks.read(order.output), progress, failure)

    def _begin_again(
        self, flow: Flow, order: Order, given: NotebookNode, facts: dict[str, Any]
    ) -> None:
        """Give the next attempt a run of its own: what a lost kernel logged is not its doing.

        The lost run ends after that.
        """
        lost, attempt = facts["run_id"], len(facts["attempts"]) + 1
        facts["run_id"] = flow.step("open the run", lambda: self._open(flow, order, given, attempt))
        flow.publish("run_id", facts["run_id"])
        flow.step("end the lost run", lambda: self.runs.lose(lost))

    def _local_modules(self, order: Order) -> dict[str, str]:
        """Lay out the local modules as they were at submit; return what tells the kernel so."""
        if not order.modules:
            return {}
        folder = Path(order.snapshot).with_name("modules")
        Pinned.of(self.runs.settings).lay_out(order.modules, folder)
        return {MODULES: str(folder)}

    # -- steps -------------------------------------------------------------------------------

    def _open(self, flow: Flow, order: Order, given: NotebookNode, attempt: int) -> str:
        """Open the run of an attempt, or find the one that a worker opened before it died."""
        own = {"labline.job": flow.id, "labline.attempt": str(attempt)}
        tags = {**own, "labline.notebook.sha256": order.sha256, **order.tags}
        where = " and ".join(f"tags.`{name}` = '{value}'" for name, value in own.items())
        known = self.runs.tracking.runs(order.experiment, where=where)
        run = known[0] if known else self._new(order, given, tags)
        return run.id

    def _new(self, order: Order, given: NotebookNode, tags: Mapping[str, str]) -> Run:
        return self.runs.open(
            given,
            order.path,
            kind=JOB,
            name=order.name,
            experiment=order.experiment,
            tags=tags,
            parent=order.parent,
        )

    def _execute(
        self, flow: Flow, order: Order, given: NotebookNode, run_id: str
    ) -> tuple[tuple[int, int], CellFailed | None]:
        output = Path(order.output)
        plan = Plan(
            name=order.path.name,
            folder=folder(order.path, self.runs.settings.root),
            environment={
                **self.runs.environment(self.runs.tracking.run(run_id), order.path),
                **self._local_modules(order),
            },
            timeout=order.timeout,
            memory=order.memory,
            cpus=order.cpus,
            room=self.runs.settings.jobs.output,
            log=order.log,
            noise=Path(order.snapshot).with_name("kernel.log"),
            on_progress=partial(_tell, flow),
        )
        try:
            execution = execute_notebook(given, plan, output=output)
        except Interrupted:
            self._give_up(flow, run_id)
            raise
        except Exception:
            self.runs.tracking.end_run(run_id, "FAILED")
            raise
        return execution.progress, located(execution, output).failure

    def _give_up(self, flow: Flow, run_id: str) -> None:
        """End the run if the job was cancelled, as opposed to carried on by another worker."""
        if self.workflows.state(flow.id).status is JobStatus.CANCELLED:
            self.runs.kill(run_id)

    def _close(
        self,
        flow: Flow,
        order: Order,
        given: NotebookNode,
        execution: Execution,
        facts: Mapping[str, Any],
    ) -> Run:
        """Keep what came out; a tracking server that is away for a moment must not lose it."""
        for pause in self.patience:
            try:
                return self._keep(order, given, execution, facts["run_id"])
            except Unreachable:
                flow.stopping.wait(pause)
                flow.check()
        return self._keep(order, given, execution, facts["run_id"])

    def _keep(self, order: Order, given: NotebookNode, execution: Execution, run_id: str) -> Run:
        return self.runs.close(
            run_id, given, execution, title=order.name, report=Path(order.report)
        )


def located(execution: Execution, output: Path) -> Execution:
    """Return `execution` with its failure saying where to look."""
    failure = execution.failure
    if failure is None:
        return execution
    where = f"cell {failure.details['cell']} of {output}"
    failure.fix = f"{failure.fix} See {where}.".strip()
    failure.details["output"] = str(output)
    return execution


def _tell(flow: Flow, done: int, of: int, cell: RunningCell | None) -> None:
    flow.publish("progress", {"cells": (done, of), "cell": asdict(cell) if cell else None})


def may_help(failure: CellFailed | None, order: Order) -> bool:
    """Return whether to try again: the kernel was lost, or a cell raised and that was asked for.

    What was over a limit would be so again.
    """
    kind = failure.details["exception"] if failure else None
    return kind == DEAD or (order.retry_on_error and kind not in (None, MEMORY, TIME))


def folder(path: Path, root: Path) -> Path:
    """Return the notebook's folder, the project's where that is gone."""
    return path.parent if path.parent.is_dir() else root
