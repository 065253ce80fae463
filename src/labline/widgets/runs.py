"""``RunTable``: the runs of an experiment, as they come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from labline.widgets.panel import Panel, table

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.records import Run

_METRICS = 4


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
        super().__init__(lab, period=period)
        self._asked: dict[str, Any] = {"limit": limit, "offset": 0, "sort": sort}
        self._experiment = experiment
        self.watch()

    def look(self) -> Any:
        """Return a page of runs."""
        return self.lab.views.runs.page(self._experiment, **self._asked)

    def show(self, found: Any) -> bool:
        """Show a row a run; there may always come more."""
        names = list(dict.fromkeys(name for run in found.items for name in sorted(run.metrics)))
        names = names[:_METRICS]
        rows = [_row(run, names) for run in found.items]
        empty = "No runs yet. Record one: %record on, or %%record in a cell."
        html, text = table(("run", "status", "began", *names), rows, empty)
        more = f"{found.total} runs in all." if found.total > len(rows) else ""
        self.put(f"{html}<div>{more}</div>" if more else html, f"{text}\n{more}".rstrip())
        return True


def _row(run: Run, metrics: list[str]) -> list[str]:
    began = time.strftime("%d %b %H:%M", time.localtime(run.started))
    values = [f"{run.metrics[name]:.6g}" if name in run.metrics else "" for name in metrics]
    return [run.name or run.id[:8], run.status.lower(), began, *values]
