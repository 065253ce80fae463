"""``JobProgress``: jobs while they run."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ipywidgets import Button, HBox, IntProgress, Label, Layout

from labline.cards import Tone, listing
from labline.errors import BadInput
from labline.records import Job, JobStatus
from labline.widgets.panel import Panel
from labline.widgets.parts import Cell, Part, line, problem, table

if TYPE_CHECKING:
    from labline.lab import Lab

_STYLES = {
    JobStatus.SUCCEEDED: "success",
    JobStatus.FAILED: "danger",
    JobStatus.CANCELLED: "warning",
}
_TONES: dict[JobStatus, Tone] = {JobStatus.SUCCEEDED: "good", JobStatus.FAILED: "bad"}
_GRAVITY = [JobStatus.SUCCEEDED, JobStatus.CANCELLED, JobStatus.FAILED]
_COLUMNS = ("job", "notebook", "status", "cells", "took", "parameters", "metrics")
_MOST_PROBLEMS = 3


class JobProgress(Panel):
    """The cells done of a job, or of the jobs of a sweep, with a button to cancel.

    Parameters
    ----------
    jobs
        A job, its id, or several; a sweep is its jobs.

    Raises
    ------
    BadInput
        There is no job among them.
    """

    def __init__(
        self,
        jobs: Job | str | Iterable[Job | str],
        *,
        lab: Lab | None = None,
        period: float = 0.5,
    ) -> None:
        several = [jobs] if isinstance(jobs, Job | str) else list(jobs)
        if not several:
            raise BadInput("There is no job to show.", fix="JobProgress(job), or of a sweep.")
        self._ids = [job.id if isinstance(job, Job) else job for job in several]
        one = len(self._ids) == 1
        title = f"Job {self._ids[0]}" if one else f"{len(self._ids)} jobs"
        otherwise = f"labline jobs show {self._ids[0]}" if one else "labline jobs list"
        super().__init__(title, lab=lab, period=period, otherwise=otherwise)
        self._bar = IntProgress(min=0, max=1)
        self._count = Label(layout=Layout(margin="0 8px"))
        self._cancel = Button(description="Cancel", icon="stop", tooltip="Cancel what still runs")
        self._cancel.on_click(lambda _: self.attempt(self.cancel))
        self.lay_out(HBox([self._bar, self._count, self._cancel]))
        self.watch()

    def look(self) -> Any:
        """Return the jobs as they stand."""
        return self.lab.jobs.wait(self._ids, timeout=0)

    def show(self, found: Any) -> bool:
        """Show a bar over all cells and a row a job; no more once all have ended."""
        jobs: list[Job] = found
        ended = all(job.status.ended for job in jobs)
        self._fill(jobs, ended)
        failed = [job for job in jobs if job.error][:_MOST_PROBLEMS]
        self.put(line(_standing(jobs), _tone(jobs), bold=True), _rows(jobs), *map(_problem, failed))
        return not ended

    def _fill(self, jobs: list[Job], ended: bool) -> None:
        done, of = (sum(job.progress[place] for job in jobs) for place in (0, 1))
        self._bar.max = max(1, of)
        self._bar.value = done
        self._count.value = f"{done} of {of} cells" if of else ""
        if ended:
            self._bar.bar_style = _STYLES[max((job.status for job in jobs), key=_GRAVITY.index)]
        self._cancel.layout.display = "none" if ended else ""

    def cancel(self) -> None:
        """Cancel the jobs that have not ended."""
        for job in self.look():
            if not job.status.ended:
                self.lab.jobs.cancel(job.id)
        self.refresh()


def _standing(jobs: list[Job]) -> str:
    """Return how the jobs stand, in a sentence."""
    if len(jobs) > 1:
        counts = Counter(job.status for job in jobs)
        return ", ".join(f"{counts[status]} {status}" for status in JobStatus if counts[status])
    (job,) = jobs
    if job.status == JobStatus.QUEUED:
        return "queued: it begins once a worker is free"
    return f"{job.status}, at cell {job.cell.number}: {job.cell.name}" if job.cell else job.status


def _tone(jobs: list[Job]) -> Tone:
    if any(job.status == JobStatus.FAILED for job in jobs):
        return "bad"
    return "good" if all(job.status == JobStatus.SUCCEEDED for job in jobs) else "open"


def _rows(jobs: list[Job]) -> Part:
    """Return a row a job, without the columns that would be empty."""
    rows = [dict(zip(_COLUMNS, _row(job), strict=True)) for job in jobs]
    columns = [name for name in _COLUMNS if any(str(row[name]) for row in rows)]
    numeric = [place for place, name in enumerate(columns) if name in ("cells", "took")]
    return table(columns, [[row[name] for name in columns] for row in rows], "", numeric=numeric)


def _row(job: Job) -> list[str | Cell]:
    done, of = job.progress
    until = job.ended or time.time()
    took = f"{until - job.started:.1f} s" if job.started else ""
    status = Cell(str(job.status), _TONES.get(job.status, "open"))
    cells = f"{done} of {of}" if of else ""
    parameters, metrics = listing(job.parameters), listing(job.metrics)
    return [job.id, job.notebook, status, cells, took, parameters, metrics]


def _problem(job: Job) -> Part:
    message, _, fix = job.error.partition("\n")
    if job.failure:
        cell = f" in cell {job.failure.cell}" if job.failure.cell else ""
        message = f"{job.failure.kind}{cell}: {job.failure.message}"
        fix = job.failure.fix
    return problem(f"{job.id}: {message}", fix)
