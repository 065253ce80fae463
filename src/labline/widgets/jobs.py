"""``JobProgress``: jobs while they run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ipywidgets import Button, IntProgress

from labline.records import Job, JobStatus
from labline.widgets.panel import Panel, table

if TYPE_CHECKING:
    from labline.lab import Lab

_STYLES = {
    JobStatus.SUCCEEDED: "success",
    JobStatus.FAILED: "danger",
    JobStatus.CANCELLED: "warning",
}


class JobProgress(Panel):
    """The cells done of a job, or of the jobs of a sweep, with a button to cancel.

    Parameters
    ----------
    jobs
        A job, its id, or several.
    """

    def __init__(
        self,
        jobs: Job | str | Sequence[Job | str],
        *,
        lab: Lab | None = None,
        period: float = 0.5,
    ) -> None:
        super().__init__(lab, period=period)
        several = [jobs] if isinstance(jobs, Job | str) else list(jobs)
        self._ids = [job.id if isinstance(job, Job) else job for job in several]
        self._bar = IntProgress(min=0, max=1)
        self._cancel = Button(description="Cancel", icon="stop", tooltip="Cancel what still runs")
        self._cancel.on_click(lambda _: self.attempt(self.cancel))
        self.children = [self._bar, self._page, self._cancel]
        self.watch()

    def look(self) -> Any:
        """Return the jobs as they stand."""
        return self.lab.jobs.wait(self._ids, timeout=0)

    def show(self, found: Any) -> bool:
        """Show a bar over all cells and a row a job; no more once all have ended."""
        jobs: list[Job] = found
        self._bar.max = max(1, sum(job.progress[1] for job in jobs))
        self._bar.value = sum(job.progress[0] for job in jobs)
        ended = all(job.status.ended for job in jobs)
        if ended:
            self._bar.bar_style = _STYLES[max((job.status for job in jobs), key=_GRAVITY.index)]
        self._cancel.layout.display = "none" if ended else ""
        columns = ("job", "notebook", "status", "cells", "parameters", "error")
        self.put(*table(columns, map(_row, jobs), "No jobs."))
        return not ended

    def cancel(self) -> None:
        """Cancel the jobs that have not ended."""
        for job in self.look():
            if not job.status.ended:
                self.lab.jobs.cancel(job.id)
        self.refresh()


_GRAVITY = [JobStatus.SUCCEEDED, JobStatus.CANCELLED, JobStatus.FAILED]


def _row(job: Job) -> list[str]:
    done, of = job.progress
    values = "  ".join(f"{name}={value}" for name, value in job.parameters.items())
    error = job.error.partition("\n")[0]
    return [job.id, job.notebook, str(job.status), f"{done} of {of}" if of else "", values, error]
