"""Progress bars of jobs on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from labline.records import Job


@contextmanager
def bars() -> Iterator[Callable[[Sequence[Job]], None]]:
    """Show one bar a job, in cells; yield the listener that adds and moves them."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("cells  {task.fields[status]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def task_of(job: Job) -> TaskID:
            if job.id not in tasks:
                values = "  ".join(f"{name}={value}" for name, value in job.parameters.items())
                tasks[job.id] = progress.add_task(
                    values or job.id, total=None, status=job.status, start=False
                )
            return tasks[job.id]

        def show(now: Sequence[Job]) -> None:
            for job in now:
                done, total = job.progress
                task = task_of(job)
                if job.started:
                    progress.start_task(task)
                progress.update(task, completed=done, total=total or None, status=job.status)
                if job.status.ended:
                    progress.stop_task(task)

        yield show
