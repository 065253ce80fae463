"""``RunTable``: the runs of an experiment, as they come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from labline.cards import Tone, number
from labline.widgets.panel import Panel
from labline.widgets.parts import Cell, line, table

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.records import Run

_METRICS = 4
_TONES: dict[str, Tone] = {"FINISHED": "good", "RUNNING": "open"}


class RunTable(Panel):
    """The newest runs, or the best.

    Parameters
    ----------
    experiment
        The project's unless given.
    sort
        ``-started``, ``-metrics.auc`` ...
    limit
        How many rows.
    """

    def __init__(
        self,
        experiment: str | None = None,
        *,
        sort: str = "-started",
        limit: int = 15,
        lab: Lab | None = None,
        period: float = 3.0,
    ) -> None:
        self._asked: dict[str, Any] = {"limit": limit, "offset": 0, "sort": sort}
        self._experiment = experiment
        title = f"Runs of {experiment}" if experiment else "Runs"
        super().__init__(title, lab=lab, period=period, otherwise="labline runs list")
        self.watch()

    def look(self) -> Any:
        """Return a page of runs."""
        return self.lab.views.runs.page(self._experiment, **self._asked)

    def show(self, found: Any) -> bool:
        """Show a row a run; there may always come more."""
        names = self._metrics(found.items)
        rows = [_row(run, names) for run in found.items]
        empty = "No runs yet. Record one: %record on, or %%record in a cell."
        numeric = range(3, 3 + len(names))
        shown = table(("run", "status", "began", *names), rows, empty, numeric=numeric)
        more = f"{len(rows)} of {found.total} runs, {self._order}." if rows else ""
        self.put(shown, line(more))
        return True

    def _metrics(self, runs: tuple[Run, ...]) -> list[str]:
        """Return the metrics to show: what is sorted by, what was logged, what ``fit`` noted."""
        sorted_by = self._asked["sort"].lstrip("-").removeprefix("metrics.")
        names = dict.fromkeys(name for run in runs for name in sorted(run.metrics))
        order = sorted(names, key=lambda name: (name != sorted_by, ".training_" in name))
        return order[:_METRICS]

    @property
    def _order(self) -> str:
        name = self._asked["sort"].removeprefix("-").removeprefix("metrics.")
        down = self._asked["sort"].startswith("-")
        if name == "started":
            return "the newest first" if down else "the oldest first"
        return f"the {'greatest' if down else 'least'} {name} first"


def _row(run: Run, metrics: list[str]) -> list[str | Cell]:
    began = time.strftime("%d %b %H:%M", time.localtime(run.started))
    status = Cell(run.status.lower(), _TONES.get(run.status, "bad"))
    values = [number(run.metrics[name]) if name in run.metrics else "" for name in metrics]
    return [run.name or run.id[:8], status, began, *values]
