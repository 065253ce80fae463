"""A sweep as people look at it: its trials, and the best of them."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from labline.cards import Rich
from labline.jobs.sweeps.search import Kind, Search
from labline.records import JobStatus

if TYPE_CHECKING:
    import pandas as pd

SWEEP = "sweep"


@dataclass(frozen=True)
class Trial:
    """One job of a sweep."""

    #: from 1
    number: int
    #: id of the job
    job: str
    status: JobStatus
    #: of the parameters that are swept
    values: Mapping[str, Any]
    #: at its end, or as it was pruned
    metrics: Mapping[str, float]
    #: why it was ended before its end, as hopeless; empty if it was not
    pruned: str = ""
    #: why it failed
    error: str = ""
    #: seconds
    took: float | None = None
    run_id: str | None = None
    #: paths of the executed notebook and of its page
    output: str | None = None
    report: str | None = None

    @property
    def state(self) -> str:
        """Its status, in a word."""
        return "pruned" if self.pruned else str(self.status)


@dataclass(frozen=True)
class Sweep(Rich):
    """Jobs over a space of parameters, their runs nested in one parent run."""

    id: str
    notebook: str
    experiment: str
    status: JobStatus
    created: float
    ended: float | None
    #: id of the parent run
    run_id: str
    #: parameter -> the values, or the range, that is tried
    space: Mapping[str, str]
    #: values of the other parameters
    parameters: Mapping[str, Any]
    search: Search
    #: those that there are so far, in order
    trials: tuple[Trial, ...]

    def __iter__(self) -> Iterator[str]:
        """Yield the ids of the jobs, for whatever takes jobs."""
        return (trial.job for trial in self.trials)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all metrics, the one that decides first."""
        names = sorted({name for trial in self.trials for name in trial.metrics})
        return tuple(sorted(names, key=lambda name: name != self.search.metric))

    @property
    def best(self) -> Trial | None:
        """The best trial that ran to its end; ``None`` without one, or without a metric."""
        ranked = self.ranked
        return ranked[0] if ranked and self._score(ranked[0]) is not None else None

    @property
    def ranked(self) -> list[Trial]:
        """The trials, the best first; those that did not end well follow in order."""
        sign = -1 if self.search.better(1, 0) else 1
        scores = {trial.number: self._score(trial) for trial in self.trials}
        return sorted(
            self.trials,
            key=lambda trial: (
                math.inf if (score := scores[trial.number]) is None else sign * score,
                trial.number,
            ),
        )

    def _score(self, trial: Trial) -> float | None:
        score = trial.metrics.get(self.search.metric, math.nan)
        ended_well = trial.status is JobStatus.SUCCEEDED and not math.isnan(score)
        return score if ended_well else None

    @property
    def headline(self) -> str:
        """How it stands, in a line."""
        states = [trial.state for trial in self.trials]
        counts = {state: states.count(state) for state in dict.fromkeys(states)}
        told = ", ".join(f"{count} {state}" for state, count in counts.items())
        best = self.best
        if best is None:
            return f"{self.search.trials} trials: {told or 'none yet'}."
        direction = "greatest" if self.search.better(1, 0) else "least"
        return (
            f"{self.search.trials} trials: {told}. The {direction} {self.search.metric} is "
            f"{best.metrics[self.search.metric]:.6g}, of trial {best.number}: {words(best.values)}."
        )

    @property
    def title(self) -> str:
        """What it is."""
        how = {Kind.GRID: "every point", Kind.RANDOM: "by chance", Kind.OPTUNA: "by Optuna"}
        space = "; ".join(f"{name}: {axis}" for name, axis in self.space.items())
        return f"Sweep {self.id} of {self.notebook} over {space} ({how[self.search.kind]})"

    # -- as a table --------------------------------------------------------------------------

    @property
    def columns(self) -> tuple[str, ...]:
        """Of :meth:`rows`."""
        return ("trial", "status", *self.space, *self.metrics, "took", "job", "run")

    def rows(self) -> list[list[Any]]:
        """Return a row a trial, the best first; ``None`` is what is not there."""
        return [
            [
                trial.number, trial.state, *(trial.values.get(name) for name in self.space),
                *(trial.metrics.get(name) for name in self.metrics), trial.took, trial.job,
                trial.run_id,
            ]
            for trial in self.ranked
        ]  # fmt: skip

    @property
    def headings(self) -> tuple[str, ...]:
        """Of :meth:`cells`."""
        return self.columns[:-1]

    def cells(self) -> list[list[str]]:
        """Return :meth:`rows` as people read them, without the run's long id."""
        return [
            [*map(brief, row[:-3]), "-" if row[-3] is None else f"{row[-3]:.1f} s", row[-2]]
            for row in self.rows()
        ]

    def frame(self) -> pd.DataFrame:
        """Return :meth:`rows` as a DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=list(self.columns))

    def to_csv(self) -> str:
        """Return :meth:`rows` as CSV."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([self.columns, *self.rows()])
        return text.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """Return the sweep as JSON-ready data, with ``best``: the number of the best trial."""
        return asdict(self) | {"best": self.best.number if self.best else None}

    # -- as it shows -------------------------------------------------------------------------

    def __repr__(self) -> str:
        lines = [list(self.headings), *self.cells()]
        widths = [max(len(line[place]) for line in lines) for place in range(len(self.headings))]
        table = (
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )
        return "\n".join([self.title, self.headline, *table])

    def _repr_html_(self) -> str:
        from labline.jobs.sweeps.page import card

        return card(self)


def words(values: Mapping[str, Any]) -> str:
    """Return ``a=1 b=x``."""
    return " ".join(f"{name}={value}" for name, value in values.items())


def brief(cell: Any) -> str:
    """Return what a cell of the table shows."""
    if cell is None:
        return "-"
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


def number_of(job: str) -> int:
    """Return the number of the trial that a job is."""
    return int(job.rpartition("-")[2])


def status_of(states: Sequence[JobStatus], pruned: int) -> JobStatus:
    """Return what a sweep came to, from how its jobs ended and how many of them were pruned."""
    well = states.count(JobStatus.SUCCEEDED)
    return JobStatus.SUCCEEDED if well and well + pruned == len(states) else JobStatus.FAILED
