"""B9: what loading the extension costs a kernel."""

from __future__ import annotations

import statistics
import subprocess
import sys

from run import Row

IDS = ["B9"]
KERNEL = """
import time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
began = time.perf_counter()
shell.run_line_magic("load_ext", "labline")
print(time.perf_counter() - began)
"""


def rows() -> list[Row]:
    """Measure ``%load_ext labline`` in a fresh IPython."""
    taken = [_seconds(KERNEL) for _ in range(6)][1:]
    mine = statistics.median(taken) * 1000
    return [Row("B9", "%load_ext labline", mine, None, None, "<= 50 ms", mine <= 50, "ms")]


def _seconds(script: str) -> float:
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])
