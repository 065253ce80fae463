"""What was recorded of runs: read it, replay it, compare it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from labline.errors import BadInput, CellFailed, NotFound
from labline.lab import comparison
from labline.notebooks import truth
from labline.records import Run

if TYPE_CHECKING:
    from labline.lab.service import Lab


@dataclass(frozen=True)
class Recorded:
    """The runs of a project, looked at closely."""

    lab: Lab

    def truth(self, run: Run) -> truth.Truth | None:
        """Say where what ran and the notebook part; ``None`` where that is not recorded."""
        read = partial(self.lab.tracking.read_json, run.id)
        return truth.of_run(read, run.tags.get("labline.kind", ""))

    def replay(self, reference: str, *, tolerance: float = 1e-6) -> comparison.Replayed:
        """Rerun the notebook of a run in a fresh kernel, here and now, and say what differs.

        Raises
        ------
        NotFound
            There is no such run, or its notebook is not kept.
        CellFailed
            The notebook does not run to its end; the fix names the cells that tell why.
        """
        before = self._kept(self.lab.find_run(reference))
        try:
            rerun = self.lab.jobs.replay(before.run)
        except CellFailed as error:
            if before.truth and not before.truth.plain:
                error.fix = f"{error.fix}\nIn the notebook as recorded, {before.truth}.".strip()
            raise
        return comparison.replayed(before, self._kept(rerun), tolerance)

    def compare(self, references: Sequence[str]) -> comparison.Comparison:
        """Put runs side by side; the first is what the others are compared with.

        Raises
        ------
        BadInput
            Less than two runs.
        NotFound
            There is no such run.
        """
        runs = {run.id: run for run in map(self.lab.find_run, references)}
        if len(runs) < 2:
            raise BadInput(
                "A comparison needs two different runs.", fix="See labline runs list for their ids."
            )
        return comparison.compare([self._kept(run) for run in runs.values()])

    def _kept(self, run: Run) -> comparison.Kept:
        return comparison.Kept(
            run=run,
            recording=self._read(run, "recording.json") or {},
            notebook=self._read(run, "notebook.ipynb"),
            environment=self._read(run, "environment.json") or {},
            truth=self.truth(run),
        )

    def _read(self, run: Run, name: str) -> Any:
        try:
            return self.lab.tracking.read_json(run.id, f"labline/{name}")
        except NotFound:
            return None
