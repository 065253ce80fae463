"""Jobs: submit, look, wait, cancel, replay."""

from __future__ import annotations

import builtins
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline import notebooks
from labline.errors import BadInput, LablineError, NotFound
from labline.jobs import log as logs
from labline.jobs import outputs, views
from labline.jobs.execution import Plan, execute_notebook
from labline.jobs.options import DEFAULT, Options
from labline.jobs.order import JOB, Order
from labline.jobs.runs import NOTEBOOK, Runs
from labline.jobs.schedules import Schedules
from labline.jobs.slots import Slots
from labline.jobs.submission import Submission
from labline.jobs.sweeps.desk import Sweeps
from labline.jobs.work import Work, folder, located
from labline.notify import Notices
from labline.records import Job, JobStatus, JobView, LogPiece, Run
from labline.settings import Settings
from labline.workflows import Workflows, WorkflowState

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from labline.tracking import Tracking

_LOOK = 0.15


class Jobs:
    """The notebook jobs of a project.

    Parameters
    ----------
    settings
        Timeout, experiment, and where the jobs' files go.
    workflows
        The queue; the workflow ``job`` is registered there.
    tracking
        Where the runs go.
    """

    def __init__(self, settings: Settings, workflows: Workflows, tracking: Tracking) -> None:
        self._settings = settings
        self._workflows = workflows
        self._runs = Runs(settings, tracking)
        #: who is told of what fails
        self.notices = Notices(settings, workflows)
        slots = Slots(settings.jobs.concurrency)
        self._work = Work(self._runs, workflows, slots=slots, tell=self.notices.send)
        self._desk = Submission(settings, workflows)
        #: jobs by the clock
        self.schedules = Schedules(settings, workflows, self._desk, self.notices.send)
        #: jobs over a space of parameters
        self.sweeps = Sweeps(settings, workflows, self._runs, self._desk, self._job)
        workflows.register(JOB, self._work.run, queue="jobs", given_up=self._work.given_up)

    # -- submit ------------------------------------------------------------------------------

    def submit(
        self,
        notebook: Path | str,
        values: Mapping[str, Any] | None = None,
        options: Options = DEFAULT,
    ) -> Job:
        """Queue a notebook, as it is now, as a job.

        Raises
        ------
        NotFound, BadNotebook, BadParameter
            Before anything is queued: the notebook cannot be run with these values.
        Conflict
            The key is that of a job of another notebook or with other values.
        """
        return self.get(self._desk.submit(notebook, values or {}, options))

    def retry(self, id: str) -> Job:
        """Queue a job that has ended once more, as it was: same notebook, same values.

        It is a job of its own, also where the first was part of a sweep.

        Raises
        ------
        NotFound
            There is no such job.
        Conflict
            It has not ended.
        BadNotebook
            The notebook as it was submitted is gone.
        """
        return self.get(self._desk.retry(self._find(id)))

    # -- look --------------------------------------------------------------------------------

    def get(self, id: str) -> Job:
        """Return the job with this id, or the one whose id begins so.

        Raises
        ------
        NotFound
            None does, or more than one.
        """
        return self._job(self._find(id))

    def list(
        self, *, limit: int = 50, offset: int = 0, status: JobStatus | None = None
    ) -> builtins.list[Job]:
        """Return jobs, newest first."""
        found = self._workflows.list(JOB, limit=limit, offset=offset, status=status)
        return [self._job(state) for state in found]

    def search(
        self, text: str, *, limit: int = 50, offset: int = 0, status: JobStatus | None = None
    ) -> tuple[builtins.list[Job], int]:
        """Return jobs, newest first, that have `text` in id, status, notebook, parameters or error.

        Returns
        -------
        tuple
            A page of them, and how many there are.
        """
        found, total = self._workflows.search(JOB, text, limit=limit, offset=offset, status=status)
        return [self._job(state) for state in found], total

    def count(self, limit: int) -> int:
        """Return how many jobs there are, up to `limit`."""
        return self._workflows.count(JOB, limit)

    def wait(
        self,
        ids: Sequence[str],
        *,
        on_progress: Callable[[Sequence[Job]], None] | None = None,
        timeout: float | None = None,
    ) -> builtins.list[Job]:
        """Return the jobs once all have ended, or as they stand after `timeout` seconds.

        `on_progress` is called with all jobs several times a second.
        """
        deadline = time.monotonic() + timeout if timeout is not None else float("inf")
        jobs: dict[str, Job] = {}
        while True:
            open_ = [id for id in ids if id not in jobs or not jobs[id].status.ended]
            found = self._workflows.states(open_)
            jobs.update((id, self._job(self._must(found, id))) for id in open_)
            now = [jobs[id] for id in ids]
            if on_progress:
                on_progress(now)
            if all(job.status.ended for job in now) or time.monotonic() >= deadline:
                return now
            time.sleep(_LOOK)

    def view(self, id: str, *, tail: int = 2**16) -> JobView:
        """Return a job with its cells and at most the last `tail` bytes of its log.

        Raises
        ------
        NotFound
            There is no such job.
        """
        state = self._find(id)
        job = self._job(state)
        text, offset = logs.tail(Order(**state.payload).log, tail)
        notebook = notebooks.read(job.output) if job.output else None
        piece = LogPiece(text, offset, ended=job.status.ended)
        return JobView(job, views.cells(notebook, job) if notebook else (), piece)

    def read_log(
        self, id: str, offset: int = 0, *, limit: int = logs.PIECE, most: int | None = None
    ) -> LogPiece:
        """Return what the job's cells have shown, as text, from a byte offset on.

        Ask again with the offset of the piece, until one has ended. It costs what it returns,
        however long the log is; with `most`, no more than the last so many bytes are read.

        Raises
        ------
        NotFound
            There is no such job.
        BadInput
            The offset is below zero.
        """
        if offset < 0:
            raise BadInput(f"The offset {offset} is below zero.", fix="Begin with 0.")
        # The state first: what the job wrote before it ended is then read.
        state = self._find(id)
        path, skipped = Order(**state.payload).log, 0
        if most is not None:
            offset, skipped = logs.skip(path, offset, most)
        text, end = logs.read(path, offset, limit)
        return LogPiece(text, end, ended=state.status.ended and not text, skipped=skipped)

    def log(self, id: str) -> str:
        """Return what the job's cells have shown so far, as text; raises as :meth:`get` does."""
        return logs.whole(Order(**self._find(id).payload).log)

    def follow(self, id: str) -> Iterator[str]:
        """Yield what the job's cells show, piece by piece, until the job has ended.

        A job that waits is waited for. Raises as :meth:`get` does.
        """
        job, offset = self.get(id), 0
        while not (piece := self.read_log(job.id, offset)).ended:
            offset = piece.offset
            if piece.text:
                yield piece.text
            else:
                time.sleep(_LOOK)

    def traceback(self, id: str) -> str:
        """Return the traceback of the cell that failed the job, empty if none did."""
        job = self.get(id)
        return outputs.traceback(notebooks.read(job.output)) if job.error and job.output else ""

    def cancel(self, id: str) -> None:
        """Take the job out of the queue, or stop it; what it has run so far is kept.

        Raises
        ------
        NotFound
            There is no such job.
        """
        state = self._find(id)
        self._workflows.cancel(state.id)
        run_id = self._workflows.events(state.id).get("run_id")
        if run_id and self._workflows.state(state.id).status is JobStatus.CANCELLED:
            # The worker does the same; but there may be none.
            self._runs.kill(run_id)

    # -- replay ------------------------------------------------------------------------------

    def replay(self, run: Run | str, *, timeout: float | None = None) -> Run:
        """Execute the notebook that a run recorded in a fresh kernel, here and now.

        The same values are injected as then. Returns the new run, with its metrics.

        Raises
        ------
        NotFound
            The run has no recorded notebook.
        CellFailed
            The notebook does not run to its end.
        """
        old = self._runs.tracking.run(run) if isinstance(run, str) else run
        given, path = self._recorded(old), self._runs.path(old.notebook)
        new = self._runs.open(
            given,
            path,
            kind="replay",
            name=f"replay of {old.name}",
            experiment=old.experiment,
            tags={"labline.replay_of": old.id},
        )
        output = self._settings.folder("jobs") / f"replay-{new.id[:12]}" / "output.ipynb"
        plan = Plan(
            name=path.name,
            folder=folder(path, self._settings.root),
            environment=self._runs.environment(new, path),
            timeout=timeout or self._settings.jobs.timeout,
            memory=self._settings.jobs.memory,
            room=self._settings.jobs.output,
        )
        with self._runs.ended(new.id):
            execution = located(execute_notebook(given, plan, output=output), output)
            done = self._runs.close(new.id, given, execution, title=new.name)
        if execution.failure:
            execution.failure.details["run_id"] = new.id
            raise execution.failure
        return done

    def _recorded(self, run: Run) -> NotebookNode:
        try:
            content = self._runs.tracking.read_bytes(run.id, NOTEBOOK)
        except NotFound as error:
            raise NotFound(
                f"Run {run.name or run.id} has no recorded notebook to replay.",
                fix="Record it: %load_ext labline and %record on, or run the notebook as a job.",
            ) from error
        return notebooks.parse(content, f"The notebook of run {run.id}")

    # -- workflows to jobs -------------------------------------------------------------------

    def _find(self, id: str) -> WorkflowState:
        fit = self._workflows.list(JOB, prefix=id, limit=2) if id else []
        # Trial 1 of a sweep is no less itself because there is a trial 10.
        if len(fit) > 1 and (whole := self._workflows.states([id])):
            fit = [*whole.values()]
        if len(fit) != 1:
            raise NotFound(
                f"More than one job begins with {id!r}." if fit else f"There is no job {id!r}.",
                fix="See labline jobs list.",
            )
        return fit[0]

    @staticmethod
    def _must(found: Mapping[str, WorkflowState], id: str) -> WorkflowState:
        if id not in found:
            raise NotFound(f"There is no job {id!r}.", fix="See labline jobs list.")
        return found[id]

    def _job(self, state: WorkflowState) -> Job:
        order = Order(**state.payload)
        return views.job(state, order, self._facts(state), self._runs.label(order.path))

    def _facts(self, state: WorkflowState) -> Mapping[str, Any]:
        if state.status is JobStatus.QUEUED:
            return {}
        if state.status is JobStatus.SUCCEEDED:
            return dict(state.result)
        if isinstance(state.error, LablineError):
            return state.error.details
        return self._workflows.events(state.id)
