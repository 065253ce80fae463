"""Progress bars of jobs on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from labline.records import Job


@contextmanager
def bars(jobs: Sequence[Job]) -> Iterator[Callable[[Sequence[Job]], None]]:
    """Show one bar a job, in cells; yield the listener that moves them."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("cells  {task.fields[status]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks = {
            job.id: progress.add_task(
                "  ".join(f"{k}={v}" for k, v in job.parameters.items()) or job.id,
                total=None,
                status=job.status,
                start=False,
            )
            for job in jobs
        }

        def show(now: Sequence[Job]) -> None:
            for job in now:
                done, total = job.progress
                task = tasks[job.id]
                if job.started:
                    progress.start_task(task)
                progress.update(task, completed=done, total=total or None, status=job.status)
                if job.status.ended:
                    progress.stop_task(task)

        yield show
