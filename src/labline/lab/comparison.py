"""Runs side by side, and a run beside its rerun: pure, from what is recorded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from labline.cards import Rich, escape, look
from labline.notebooks.difference import CellChange, OutputChange, cell_changes, output_changes
from labline.notebooks.truth import Truth
from labline.records import Run

_TONES = {"+": look.GOOD, "-": look.BAD}


@dataclass(frozen=True)
class Kept:
    """What is kept of one run."""

    run: Run
    #: ``labline/recording.json``, empty where the run was not recorded
    recording: Mapping[str, Any]
    #: ``labline/notebook.ipynb``
    notebook: Mapping[str, Any] | None
    #: ``labline/environment.json``
    environment: Mapping[str, Any]
    truth: Truth | None = None


# -- a run and its rerun -------------------------------------------------------------------------


@dataclass(frozen=True)
class MetricChange:
    """A metric that the rerun did not give again."""

    name: str
    recorded: float
    #: ``None`` where the rerun did not log it
    rerun: float | None


@dataclass(frozen=True)
class Replayed:
    """What a rerun of a recorded notebook gave."""

    run: Run
    rerun: Run
    #: relative difference allowed for a metric
    tolerance: float
    metrics: tuple[MetricChange, ...]
    outputs: tuple[OutputChange, ...]
    truth: Truth | None = None

    @property
    def same(self) -> bool:
        """Whether metrics and outputs are those that were recorded."""
        return not self.metrics and not self.outputs

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {
            "run": self.run.id,
            "rerun": self.rerun.id,
            "same": self.same,
            "tolerance": self.tolerance,
            "metrics": [asdict(item) for item in self.metrics],
            "outputs": [asdict(item) for item in self.outputs],
            "truth": self.truth.to_dict() if self.truth else None,
        }


def replayed(before: Kept, after: Kept, tolerance: float) -> Replayed:
    """Compare a run with its rerun."""
    changes = [
        MetricChange(name, value, after.run.metrics.get(name))
        for name, value in sorted(before.run.metrics.items())
        if not _close(value, after.run.metrics.get(name), tolerance)
    ]
    notebook = before.notebook or {}
    outputs = output_changes(before.recording, after.recording, notebook)
    return Replayed(before.run, after.run, tolerance, tuple(changes), tuple(outputs), before.truth)


def _close(recorded: float, rerun: float | None, tolerance: float) -> bool:
    if rerun is None:
        return False
    if math.isnan(recorded) or math.isnan(rerun):
        return math.isnan(recorded) and math.isnan(rerun)
    return math.isclose(recorded, rerun, rel_tol=tolerance, abs_tol=tolerance)


# -- runs side by side ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One fact, with its value in each run; ``""`` where a run has none."""

    #: ``"metric"``, ``"param"``, ``"data"``, ``"environment"``
    kind: str
    name: str
    values: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether all runs agree."""
        return len(set(self.values)) == 1


@dataclass(frozen=True)
class Comparison(Rich):
    """Runs side by side; the first is what the others are compared with."""

    runs: tuple[Run, ...]
    rows: tuple[Row, ...]
    #: id of each other run -> cells that differ from the first run's notebook
    cells: Mapping[str, Sequence[CellChange]] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """What the runs are called, briefly and apart."""
        names = [run.name or run.id[:8] for run in self.runs]
        unique = len(set(names)) == len(names)
        return tuple(
            name if unique else f"{name} {run.id[:8]}"
            for name, run in zip(names, self.runs, strict=True)
        )

    @property
    def shown(self) -> tuple[Row, ...]:
        """The rows worth reading: every metric, and what differs."""
        return tuple(row for row in self.rows if row.kind == "metric" or not row.same)

    @property
    def remark(self) -> str:
        """Say how much is the same and therefore not shown."""
        alike = [row.kind for row in self.rows if row.same and row.kind != "metric"]
        words = {"param": "parameters", "data": "data sets", "environment": "environment facts"}
        counts = [(alike.count(kind), word) for kind, word in words.items()]
        told = ", ".join(f"{count} {word}" for count, word in counts if count)
        return f"The same in all: {told}." if told else ""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data."""
        return {
            "runs": [run.id for run in self.runs],
            "rows": [{**asdict(row), "same": row.same} for row in self.rows],
            "cells": {run: [asdict(item) for item in found] for run, found in self.cells.items()},
        }

    def __repr__(self) -> str:
        table = [("", "", *self.columns)]
        table += [(row.kind, row.name, *row.values) for row in self.shown]
        widths = [max(len(line[place]) for line in table) for place in range(len(table[0]))]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
            for line in table
        ]
        for run, found in self.cells.items():
            lines += [f"cells, {run[:8]}:"] if found else []
            for change in found:
                lines += [f"  {change.title}", *(f"    {line}" for line in change.lines)]
        return "\n".join([*lines, self.remark]).rstrip()

    def _repr_html_(self) -> str:
        head = "".join(
            f'<th style="{look.HEAD}">{escape(text)}</th>' for text in ("", "", *self.columns)
        )
        body = "".join(_html_row(row) for row in self.shown)
        cells = "".join(
            f'<div style="margin-top:8px;font-weight:600">{escape(self._called(run))}</div>'
            f"{_html_cells(found)}"
            for run, found in self.cells.items()
            if found
        )
        return (
            f'<div class="labline-comparison" style="{look.FRAME}"><div style="overflow-x:auto">'
            f'<table style="{look.TABLE}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
            f'</table></div>{cells}<div style="{look.MUTED}">{escape(self.remark)}</div></div>'
        )

    def _called(self, run_id: str) -> str:
        names = dict(zip((run.id for run in self.runs), self.columns, strict=True))
        return f"{self.columns[0]} → {names[run_id]}"


def compare(kept: Sequence[Kept]) -> Comparison:
    """Put runs side by side."""
    first, *others = kept
    rows = [
        *_rows("metric", [_numbers(item.run.metrics) for item in kept]),
        *_rows("param", [item.run.params for item in kept]),
        *_rows("data", [_data(item.recording) for item in kept]),
        *_rows("environment", [_facts(item) for item in kept]),
    ]
    cells = {
        item.run.id: cell_changes(first.notebook, item.notebook)
        for item in others
        if first.notebook and item.notebook
    }
    return Comparison(tuple(item.run for item in kept), tuple(rows), cells)


def _rows(kind: str, sides: Sequence[Mapping[str, str]]) -> list[Row]:
    names = sorted({name for side in sides for name in side})
    return [Row(kind, name, tuple(side.get(name, "") for side in sides)) for name in names]


def _numbers(metrics: Mapping[str, float]) -> dict[str, str]:
    return {name: f"{value:.6g}" for name, value in metrics.items()}


def _data(recording: Mapping[str, Any]) -> dict[str, str]:
    found = recording.get("datasets", ())
    return {item["name"]: f"{item['rows']} rows, {item['digest'][:10]}" for item in found}


def _facts(kept: Kept) -> dict[str, str]:
    facts = {name: str(kept.environment[name]) for name in ("python",) if name in kept.environment}
    commit = kept.run.tags.get("mlflow.source.git.commit", "")
    if commit:
        dirty = kept.run.tags.get("labline.git.dirty") == "true"
        facts["git commit"] = commit[:10] + (" (changed)" if dirty else "")
    return {**facts, **kept.environment.get("packages", {})}


def _html_row(row: Row) -> str:
    weight = "" if row.same else ";font-weight:600"
    values = "".join(f'<td style="{look.CELL}{weight}">{escape(v)}</td>' for v in row.values)
    return (
        f'<tr style="{look.ROW}"><td style="{look.CELL};{look.MUTED}">{escape(row.kind)}</td>'
        f'<td style="{look.CELL}{weight}">{escape(row.name)}</td>{values}</tr>'
    )


def _html_cells(changes: Sequence[CellChange]) -> str:
    return "".join(
        f'<details open><summary style="cursor:pointer">{escape(change.title)}</summary>'
        f'<pre style="{look.CODE}">{"".join(map(_html_line, change.lines))}</pre></details>'
        for change in changes
    )


def _html_line(line: str) -> str:
    tone = _TONES.get(line[:1])
    text = escape(line)
    return f'<span style="color:{tone}">{text}</span>\n' if tone else f"{text}\n"
