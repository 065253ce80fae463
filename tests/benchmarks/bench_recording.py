"""B6: what recording adds to a cell, on the cell's path."""

from __future__ import annotations

import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from run import Row

IDS = ["B6"]
CELL = "total = sum(range(100))\nprint(total)"
CELLS = 400
MOST = 0.002


def rows() -> list[Row]:
    """Run one cell again and again in a plain shell and in one that records, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        before = Path.cwd()
        Path(folder, "labline.toml").write_text('[project]\nname = "bench"\n')
        os.chdir(folder)
        try:
            plain, recorded = _measure()
        finally:
            os.chdir(before)
    added = recorded - plain
    return [
        Row("B6", "recording a cell adds", added, plain, None, "<= 0.002 s", added <= MOST, "s")
    ]


def _measure() -> tuple[float, float]:
    from labline.kernel import install, uninstall

    bare, recording = _shell(), _shell()
    recorder = install(recording)
    recorder.start(experiment="bench")
    runs: dict[str, Callable[[str], Any]] = {
        "bare": bare.run_cell, "recording": recording.run_cell
    }  # fmt: skip
    taken: dict[str, list[float]] = {name: [] for name in runs}
    # What the cells print belongs into no report.
    with redirect_stdout(io.StringIO()):
        for number in range(CELLS):
            for name, run in runs.items():
                began = time.perf_counter()
                run(f"# {number}\n{CELL}")
                taken[name].append(time.perf_counter() - began)
    recorder.recording.journal.flush()  # type: ignore[union-attr]
    uninstall(recording)
    return statistics.median(taken["bare"]), statistics.median(taken["recording"])


def _shell() -> Any:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    return InteractiveShell(config=config)
