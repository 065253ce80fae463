"""What is recorded of sweeps and their jobs, read from the queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labline.errors import NotFound
from labline.jobs.order import JOB
from labline.jobs.sweeps.pruned import Pruned
from labline.jobs.sweeps.space import shown
from labline.jobs.sweeps.sweep import SWEEP, Sweep, Trial, number_of
from labline.records import Job, JobStatus

if TYPE_CHECKING:
    from labline.jobs.runs import Runs
    from labline.jobs.sweeps.conduct import Task
    from labline.workflows import Workflows, WorkflowState


@dataclass(frozen=True)
class Book:
    """Sweeps as they stand."""

    workflows: Workflows
    runs: Runs
    #: makes the job of a workflow
    job: Callable[[WorkflowState], Job]

    def find(self, reference: str) -> WorkflowState:
        """Return the sweep with this id, or the one whose id begins so.

        Raises
        ------
        NotFound
            None does, or more than one.
        """
        fit = self.workflows.list(SWEEP, prefix=reference, limit=2) if reference else []
        if len(fit) == 1:
            return fit[0]
        many = f"More than one sweep begins with {reference!r}."
        raise NotFound(
            many if fit else f"There is no sweep {reference!r}.", fix="See labline sweeps list."
        )

    def statuses(self, id: str) -> dict[int, JobStatus]:
        """Return how each job of a sweep stands, by its number."""
        found = self.workflows.list(JOB, prefix=f"{id}-", limit=None, whole=False)
        return {number_of(state.id): state.status for state in found}

    def jobs(self, id: str) -> list[Job]:
        """Return the jobs of a sweep, in order."""
        found = self.workflows.list(JOB, prefix=f"{id}-", limit=None)
        return [self.job(state) for state in sorted(found, key=lambda one: number_of(one.id))]

    def follow(self, id: str, known: dict[str, tuple[JobStatus, Job]]) -> list[Job]:
        """Return the jobs of a sweep, in order; only those that move on are read again.

        Parameters
        ----------
        known
            What an earlier call found, by id; kept up to date.
        """
        found = self.workflows.list(JOB, prefix=f"{id}-", limit=None, whole=False)
        still = {one.id for one in found if one.id in known and known[one.id][0] is one.status}
        moving = [one.id for one in found
                  if one.id not in still or one.status is JobStatus.RUNNING]  # fmt: skip
        for state in self.workflows.states(moving).values():
            known[state.id] = state.status, self.job(state)
        return [job for _, job in sorted(known.values(), key=lambda one: number_of(one[1].id))]

    def sweep(self, state: WorkflowState) -> Sweep:
        """Return a sweep with its trials."""
        from labline.jobs.sweeps.conduct import Task

        task = Task.of(state.payload)
        trials = tuple(self._trial(job, task) for job in self.jobs(state.id))
        told = state.result if isinstance(state.result, dict) else {}
        return Sweep(
            id=state.id,
            notebook=self.runs.label(task.order.path),
            experiment=task.order.experiment,
            status=JobStatus(told.get("status", state.status)),
            created=state.created,
            ended=told.get("ended", state.ended),
            run_id=task.parent,
            space={name: shown(axis) for name, axis in task.space.items()},
            parameters={
                name: value
                for name, value in task.order.parameters.items()
                if name not in task.space
            },
            search=task.search,
            trials=trials,
        )

    def _trial(self, job: Job, task: Task) -> Trial:
        note = self._note(job, task) if job.pruned else None
        return Trial(
            number=number_of(job.id),
            job=job.id,
            status=job.status,
            values={name: job.parameters[name] for name in task.space},
            metrics={note.metric: note.course[-1]} if note and note.course else job.metrics,
            pruned=job.pruned,
            error="" if job.pruned else job.error,
            took=job.ended - job.started if job.ended and job.started else None,
            run_id=job.run_id,
            output=job.output,
            report=job.report,
        )

    def _note(self, job: Job, task: Task) -> Pruned | None:
        own = self.runs.settings.folder("jobs") / job.id / "input.ipynb"
        return Pruned.read(str(own)) if task.search.prune else None
