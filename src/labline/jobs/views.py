"""Jobs as people look at them, from what the queue and the notebook say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline import notebooks
from labline.errors import LablineError
from labline.jobs.order import Order
from labline.jobs.sweeps.pruned import Pruned
from labline.records import Artifact, Attempt, CellProgress, Job, JobFailure, JobStatus, RunningCell
from labline.workflows import WorkflowState

if TYPE_CHECKING:
    from nbformat import NotebookNode

_OPTIONS = (
    "experiment", "timeout", "memory", "cpus", "priority", "group", "retries", "retry_on_error",
    "tags", "inputs", "keep",
)  # fmt: skip


def job(state: WorkflowState, order: Order, facts: Mapping[str, Any], label: str) -> Job:
    """Return the job of a workflow.

    Parameters
    ----------
    facts
        What the job has published, returned or said as it failed.
    label
        The notebook's path, as the project knows it.
    """
    attempts = tuple(Attempt(**one) for one in facts.get("attempts", ()))
    done, cell = _progress(facts.get("progress"))
    pruned = _pruned(state, order)
    return Job(
        id=state.id,
        notebook=label,
        parameters=order.parameters,
        status=_status(state, facts),
        created=state.created,
        started=facts.get("started"),
        ended=facts.get("ended") or state.ended,
        name=order.name,
        run_id=facts.get("run_id"),
        sweep=order.sweep,
        output=_existing(order.output),
        report=_existing(order.report),
        error=str(state.error or pruned),
        pruned=pruned,
        failure=failure(state.error),
        progress=done,
        cell=None if state.status.ended else cell,
        metrics=facts.get("metrics", {}),
        artifacts=tuple(Artifact(**one) for one in facts.get("artifacts", ())),
        attempt=max(1, len(attempts)),
        attempts=attempts,
        retry_of=order.retry_of,
        options={name: getattr(order, name) for name in _OPTIONS},
    )


def _pruned(state: WorkflowState, order: Order) -> str:
    """Return why the job was ended by its sweep; empty if it was not."""
    ended = state.status is JobStatus.CANCELLED and order.sweep
    note = Pruned.read(order.snapshot) if ended else None
    return note.reason if note else ""


def _status(state: WorkflowState, facts: Mapping[str, Any]) -> JobStatus:
    """Return where the job stands; one that its worker holds but has no place for waits."""
    holds = state.status is JobStatus.RUNNING and "started" not in facts
    return JobStatus.QUEUED if holds else state.status


def _progress(told: Any) -> tuple[tuple[int, int], RunningCell | None]:
    """Read what was published while it ran, or returned in the end."""
    if isinstance(told, Mapping):
        done, of = told["cells"]
        return (done, of), RunningCell(**told["cell"]) if told["cell"] else None
    done, of = told or (0, 0)
    return (done, of), None


def _existing(path: str) -> str | None:
    return path if Path(path).is_file() else None


def failure(error: Exception | None) -> JobFailure | None:
    """Return in parts why a job failed."""
    if error is None:
        return None
    if not isinstance(error, LablineError):
        return JobFailure(type(error).__name__, str(error))
    kind = error.details.get("exception", type(error).__name__)
    return JobFailure(kind, error.message, error.fix, error.details.get("cell"))


def cells(notebook: NotebookNode, of: Job) -> tuple[CellProgress, ...]:
    """Return the code cells of a job's executed notebook, as far as it has come."""
    return tuple(
        CellProgress(
            number=index + 1,
            name=notebooks.cell_name(notebook, index),
            state=_state(cell, of),
            duration=_told(cell).get("duration"),
        )
        for index, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and cell.source.strip()
    )


def _told(cell: NotebookNode) -> Mapping[str, Any]:
    """Return what papermill has noted of a cell."""
    told: Mapping[str, Any] = cell.metadata.get("papermill", {})
    return told


def _state(cell: NotebookNode, of: Job) -> str:
    told = _told(cell)
    if told.get("exception"):
        return "failed"
    if told.get("end_time"):
        return "done"
    return "running" if told.get("start_time") and not of.status.ended else "waiting"
