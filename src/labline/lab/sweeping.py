"""Sweeps as surfaces ask for them: values as people type them, somebody to do the work."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labline.lab.hands import at_work

if TYPE_CHECKING:
    from labline.jobs.options import Options
    from labline.jobs.sweeps import Space, Sweep, Wanted
    from labline.lab.service import Lab
    from labline.lab.shapes import SweepDetail
    from labline.records import Job


@dataclass(frozen=True)
class SweepDesk:
    """Where sweeps are started, waited for and looked up."""

    lab: Lab

    def start(
        self,
        notebook: Path,
        values: Mapping[str, str],
        axes: Mapping[str, str],
        wanted: Wanted | None = None,
        options: Options | None = None,
    ) -> Sweep:
        """Queue a notebook over a space of parameters.

        Parameters
        ----------
        values
            What is the same in all, as text; the notebook's parameters cell says what it means.
        axes
            What is tried: ``V1,V2`` or ``~RANGE`` by parameter, as
            :func:`labline.jobs.sweeps.space.split_axis` has it.

        Raises
        ------
        BadNotebook, BadParameter, BadInput, Unreachable
            Before anything is queued.
        Conflict
            The key of the options is that of another sweep.
        """
        from labline import notebooks
        from labline.jobs.options import DEFAULT
        from labline.jobs.sweeps import Wanted

        self.lab.tracking.knock()
        typed = notebooks.parse_values(notebooks.read(notebook), values)
        return self.lab.jobs.sweeps.start(
            notebook, typed, self.space(notebook, axes), wanted or Wanted(), options or DEFAULT
        )

    def space(self, notebook: Path, axes: Mapping[str, str]) -> Space:
        """Return what `axes`, as :meth:`start` takes them, mean for a notebook.

        Raises
        ------
        BadNotebook, BadParameter, BadInput
            The notebook has no such parameter, or it does not take such values.
        """
        from labline import notebooks
        from labline.jobs.sweeps.space import parse_axis

        known = notebooks.known_parameters(notebooks.read(notebook), axes)
        return {name: parse_axis(text, known[name]) for name, text in axes.items()}

    def wait(self, sweep: Sweep, progress: Callable[[Sequence[Job]], None] | None = None) -> Sweep:
        """Return the sweep once it has ended; `progress` is called with its jobs so far."""
        see = f"See how it goes: labline sweeps show {sweep.id[:8]}"
        with at_work(self.lab, see) as worker:

            def look(now: Sequence[Job]) -> None:
                worker.ensure()
                if progress:
                    progress(now)

            return self.lab.jobs.sweeps.wait(sweep.id, on_progress=look)

    def jobs(self, sweep: Sweep) -> builtins.list[Job]:
        """Return the jobs of a sweep, in order."""
        return self.lab.jobs.sweeps.jobs(sweep.id)

    def get(self, reference: str | None = None) -> Sweep:
        """Return the sweep whose id is, or begins with, `reference`; the newest unless given.

        Raises
        ------
        NotFound
            There is none.
        """
        from labline.errors import NotFound

        if reference is not None:
            return self.lab.jobs.sweeps.get(reference)
        newest = self.list(limit=1)
        if not newest:
            raise NotFound(
                "There are no sweeps yet.",
                fix="Start one: labline run NOTEBOOK --sweep alpha=0.1,1,10",
            )
        return newest[0]

    def detail(self, reference: str) -> SweepDetail:
        """Return a sweep with its figure; raises as :meth:`get` does."""
        from labline.jobs.sweeps.figure import draw
        from labline.lab.shapes import SweepDetail

        sweep = self.get(reference)
        best = sweep.best.number if sweep.best else None
        return SweepDetail(sweep, best, sweep.headline, draw(sweep))

    def list(self, *, limit: int = 50, offset: int = 0) -> builtins.list[Sweep]:
        """Return sweeps, newest first."""
        return self.lab.jobs.sweeps.list(limit=limit, offset=offset)

    def cancel(self, reference: str) -> Sweep:
        """Stop a sweep and its jobs; see :meth:`labline.jobs.sweeps.desk.Sweeps.cancel`."""
        return self.lab.jobs.sweeps.cancel(reference)
