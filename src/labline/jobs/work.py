"""The body of the durable workflow ``job``."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline import notebooks
from labline.errors import CellFailed, Failed, LablineError, Unreachable
from labline.jobs import files, log
from labline.jobs.execution import (
    DEAD,
    MEMORY,
    TIME,
    Execution,
    Plan,
    execute_notebook,
    require_secrets,
)
from labline.jobs.files import Bench
from labline.jobs.limits import amount
from labline.jobs.order import JOB, Order
from labline.jobs.pinned import Pinned
from labline.jobs.runs import Runs
from labline.jobs.slots import Slots
from labline.jobs.telling import of_job
from labline.kernel.pinned import MODULES
from labline.notify import Notice
from labline.records import Artifact, JobStatus, RunningCell
from labline.workflows import Flow, Interrupted, Workflows, WorkflowState

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from labline.records import Run


def _nobody(_: Notice) -> None:
    """Tell of nothing."""


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
    #: takes the notice of a job that has failed
    tell: Callable[[Notice], None] = _nobody

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
            except Exception as error:
                if isinstance(error, LablineError):
                    error.details.update(facts)
                with suppress(Unreachable):
                    # It fails for what it failed of, also where that is then not found by words.
                    self.workflows.note_failure(flow.id, error)
                self.tell(of_job(flow.id, order, error, facts))
                raise
            return facts

    def given_up(self, state: WorkflowState) -> None:
        """Tell of a job that is tried no more, as each of its workers died, and end its run."""
        run_id = self.workflows.events(state.id).get("run_id")
        error = state.error or Failed(f"Job {state.id} was given up.")
        self.workflows.note_failure(state.id, error)
        self.tell(of_job(state.id, Order(**state.payload), error, {"run_id": run_id}))
        if run_id:
            self.runs.tracking.end_run(run_id, "FAILED")

    def _run(self, flow: Flow, order: Order, facts: dict[str, Any]) -> None:
        flow.publish("started", facts["started"])
        given = order.given()
        require_secrets(given, os.environ)
        facts["run_id"] = flow.step("open the run", lambda: self._open(flow, order, given, 1))
        flow.publish("run_id", facts["run_id"])
        execution = self._try(flow, order, given, facts)
        run = flow.step("close the run", lambda: self._close(flow, order, given, execution, facts))
        shutil.rmtree(order.own_folder, ignore_errors=True)
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
            progress, failure, facts["artifacts"] = flow.step(
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
    ) -> tuple[tuple[int, int], CellFailed | None, list[dict[str, Any]]]:
        output, bench = Path(order.output), self._bench(order)
        before = bench.look()
        plan = Plan(
            name=order.path.name,
            folder=bench.folder,
            environment={
                **self.runs.environment(self.runs.tracking.run(run_id), order.path),
                **self._local_modules(order),
            },
            timeout=order.timeout,
            memory=order.memory,
            cpus=order.cpus,
            room=self.runs.settings.jobs.output,
            grace=self.runs.settings.jobs.grace,
            log=order.log,
            noise=Path(order.snapshot).with_name("kernel.log"),
            on_progress=partial(_tell, flow),
        )
        try:
            execution = execute_notebook(given, plan, output=output)
        except Interrupted:
            self._give_up(flow, order, run_id)
            raise
        except Exception:
            self.runs.tracking.end_run(run_id, "FAILED")
            raise
        left = self._kept(order, bench.left(before))
        return execution.progress, located(execution, output).failure, left

    def _bench(self, order: Order) -> Bench:
        """Return where the job works: beside the notebook, or with its inputs, laid out anew."""
        if not order.inputs:
            return Bench(folder(order.path, self.runs.settings.root), tuple(order.keep))
        shutil.rmtree(order.own_folder, ignore_errors=True)
        Pinned.of(self.runs.settings).lay_out(order.inputs, order.own_folder)
        return Bench(order.own_folder, tuple(order.keep) or ("**/*",))

    def _kept(self, order: Order, left: Sequence[Artifact]) -> list[dict[str, Any]]:
        """Return which of the files that the job left are kept; the log tells of the others."""
        limit = self.runs.settings.jobs.artifacts
        kept, over = files.split(left, limit)
        for one in over:
            why = f"over {amount(limit)} in all (jobs.artifacts in labline.toml)"
            why = why if len(kept) < files.MOST else f"over {files.MOST} files"
            log.note(order.log, f"{one.path} ({amount(one.size)}) was not kept: {why}")
        return [asdict(one) for one in kept]

    def _give_up(self, flow: Flow, order: Order, run_id: str) -> None:
        """End the run if the job was cancelled, as opposed to carried on by another worker."""
        if self.workflows.state(flow.id).status is JobStatus.CANCELLED:
            self.runs.keep(run_id, Path(order.output))
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
                return self._keep(order, given, execution, facts)
            except Unreachable:
                flow.stopping.wait(pause)
                flow.check()
        return self._keep(order, given, execution, facts)

    def _keep(
        self, order: Order, given: NotebookNode, execution: Execution, facts: Mapping[str, Any]
    ) -> Run:
        run_id = facts["run_id"]
        if left := facts.get("artifacts"):
            self._keep_files(order, run_id, left)
        return self.runs.close(
            run_id, given, execution, title=order.name, report=Path(order.report)
        )

    def _keep_files(self, order: Order, run_id: str, left: Sequence[Mapping[str, Any]]) -> None:
        """Keep what the job left with its run, and, where one was asked for, in its folder."""
        place = order.own_folder if order.inputs else folder(order.path, self.runs.settings.root)
        names = [one["path"] for one in left if (place / one["path"]).is_file()]
        for name in names:
            below = (Path(files.FOLDER) / name).parent.as_posix()
            self.runs.tracking.log_file(run_id, place / name, below)
        if Path(order.output).parent != Path(order.snapshot).parent:
            files.copy(names, place, Path(order.output).with_suffix(""))


def located(execution: Execution, output: Path) -> Execution:
    """Return `execution` with its failure saying where to look."""
    failure = execution.failure
    if failure is None:
        return execution
    cell = failure.details["cell"]
    where = f"cell {cell} of {output}" if cell else output
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
