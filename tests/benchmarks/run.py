"""``make bench``: ours against peers, both measured in one run.

Each ``bench_*.py`` beside this file has ``rows() -> list[Row]``. Prints a table, writes
``build/bench.json``. Absolute figures move with the machine; the ratio is what counts.
Names on the command line (``B5 B9``, or ``logging``) choose what is run.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
REPORT = HERE.parents[1] / "build" / "bench.json"


@dataclass(frozen=True)
class Row:
    """One line of the report."""

    id: str
    name: str
    ours: float
    #: ``None`` where the target is absolute
    peer: float | None
    ratio: float | None
    #: in words
    target: str
    met: bool
    unit: str


def median(call: Callable[[], Any], times: int = 5, warm: int = 1) -> float:
    """Return the median seconds of `call`, after `warm` calls that do not count."""
    for _ in range(warm):
        call()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def _load(path: Path) -> Any:
    spec = spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = sys.modules[path.stem] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(wanted: list[str]) -> int:
    """Run the benchmarks and report; exit 1 where a target is missed."""
    sys.path.insert(0, str(HERE))
    sys.modules["run"] = sys.modules[__name__]
    rows: list[Row] = []
    for path in sorted(HERE.glob("bench_*.py")):
        module = _load(path)
        chosen = not wanted or path.stem.removeprefix("bench_") in wanted
        if chosen or set(module.IDS) & set(wanted):
            rows += [row for row in module.rows() if not wanted or chosen or row.id in wanted]
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    _print(rows)
    return 0 if all(row.met for row in rows) else 1


def _print(rows: list[Row]) -> None:
    head = ("id", "work", "ours", "peer", "ratio", "target", "met")
    lines = [head]
    lines += [
        (
            row.id,
            row.name,
            f"{row.ours:.4g} {row.unit}",
            "-" if row.peer is None else f"{row.peer:.4g} {row.unit}",
            "-" if row.ratio is None else f"{row.ratio:.3g}",
            row.target,
            "yes" if row.met else "NO",
        )
        for row in rows
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
