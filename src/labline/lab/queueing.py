"""Jobs as surfaces ask for them: values as people type them, somebody to do the work."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labline.lab.hands import at_work

if TYPE_CHECKING:
    from labline.jobs.options import Options
    from labline.jobs.schedules import Rule
    from labline.lab.service import Lab
    from labline.records import Job, Schedule

_SEE = "See how it goes: labline jobs list. Stop it: labline jobs cancel JOB"


@dataclass(frozen=True)
class JobDesk:
    """Where jobs are queued, now or by the clock, and waited for."""

    lab: Lab

    def submit(
        self, notebook: Path, values: Mapping[str, str], options: Options | None = None
    ) -> Job:
        """Queue a notebook as a job.

        Values are text as a person types it; the notebook's parameters cell says what they mean.

        Raises
        ------
        BadNotebook, BadParameter, Unreachable
            Before anything is queued.
        Conflict
            The key of the options is that of another job.
        """
        from labline import notebooks
        from labline.jobs.options import DEFAULT

        self.lab.tracking.knock()
        typed = notebooks.parse_values(notebooks.read(notebook), values)
        return self.lab.jobs.submit(notebook, typed, options or DEFAULT)

    def schedule(
        self, notebook: Path, values: Mapping[str, str], rule: Rule, options: Options
    ) -> Schedule:
        """Have a notebook run by the clock; values are text, as in :meth:`submit`.

        Raises
        ------
        BadInput
            The rule, the notebook or a value cannot be used.
        Conflict
            There is a schedule of this name.
        """
        from labline import notebooks

        typed = notebooks.parse_values(notebooks.read(notebook), values)
        return self.lab.jobs.schedules.add(notebook, typed, rule, options)

    def wait(
        self, jobs: Sequence[Job], progress: Callable[[Sequence[Job]], None] | None = None
    ) -> list[Job]:
        """Return the jobs once all have ended; `progress` is called with them meanwhile."""
        with at_work(self.lab, _SEE) as worker:

            def look(now: Sequence[Job]) -> None:
                worker.ensure()
                if progress:
                    progress(now)

            return self.lab.jobs.wait([job.id for job in jobs], on_progress=look)
