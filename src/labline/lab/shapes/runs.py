"""Runs, closely and beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labline.lab.comparison import Row
from labline.notebooks.difference import CellChange
from labline.notebooks.truth import Truth
from labline.records import Run


@dataclass(frozen=True)
class RunDetail:
    """A run, what was recorded of it, and where the notebook parts from what ran."""

    run: Run
    #: ``labline/recording.json``: cells with source, duration, outputs; data; environment
    recording: Mapping[str, Any] | None
    #: None where it is not known
    truth: Truth | None
    #: the truth in one line
    remark: str = ""


@dataclass(frozen=True)
class MetricPoint:
    """One value of a metric."""

    step: int
    value: float
    at: float


@dataclass(frozen=True)
class RunComparison:
    """Runs side by side; the first is what the others are compared with."""

    runs: tuple[Run, ...]
    #: what the runs are called, briefly and apart
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    #: id of each other run -> cells that differ from the first run's notebook
    cells: Mapping[str, tuple[CellChange, ...]]
    #: how much is the same in all
    remark: str
