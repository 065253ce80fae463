"""Runs as a front end shows them: pages, one closely, its curves, several side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labline.lab.shapes import MetricPoint, RunComparison, RunDetail

if TYPE_CHECKING:
    from labline.lab.service import Lab
    from labline.tracking.pages import RunPage

ALL = "*"


@dataclass(frozen=True)
class RunViews:
    """What is shown of runs."""

    lab: Lab

    def page(
        self,
        experiment: str | None,
        *,
        limit: int,
        offset: int,
        filter: str = "",
        sort: str = "-started",
    ) -> RunPage:
        """Return a page of runs, and how many there are in all.

        Raises
        ------
        BadInput
            Filter or sort cannot be understood.
        """
        chosen = None if experiment == ALL else experiment or self.lab.settings.project.name
        return self.lab.tracking.pages.page(
            chosen, limit=limit, offset=offset, filter=filter, sort=sort
        )

    def detail(self, reference: str) -> RunDetail:
        """Return a run, what was recorded, and where the notebook parts from what ran.

        Raises
        ------
        NotFound
            There is no such run.
        """
        run = self.lab.find_run(reference)
        truth = self.lab.recorded.truth(run)
        return RunDetail(run, self.lab.recording(run), truth, str(truth or ""))

    def curves(self, reference: str) -> dict[str, list[MetricPoint]]:
        """Return the values that each metric of a run had, step by step.

        Raises
        ------
        NotFound
            There is no such run.
        """
        run = self.lab.find_run(reference)
        return {
            name: [MetricPoint(*point) for point in self.lab.tracking.history(run.id, name)]
            for name in sorted(run.metrics)
        }

    def compare(self, references: Sequence[str]) -> RunComparison:
        """Put runs side by side.

        Raises
        ------
        BadInput
            Less than two runs.
        NotFound
            There is no such run.
        """
        found = self.lab.recorded.compare(references)
        cells = {run: tuple(changes) for run, changes in found.cells.items()}
        return RunComparison(found.runs, found.columns, found.rows, cells, found.remark)
