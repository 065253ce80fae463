"""What two notebooks, or two runs of one notebook, do not have in common."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from labline.notebooks.truth import places

# What such a cell shows is another thing each time.
_PASSING = re.compile(r"^\s*%{1,2}(?:time|timeit|runs|jobs|submit|promote|deploy|rollback)\b", re.M)


@dataclass(frozen=True)
class CellChange:
    """One cell that two notebooks do not have in common; numbers are places, from 1."""

    #: ``"added"``, ``"removed"`` or ``"changed"``
    kind: str
    before: int | None
    after: int | None
    #: lines of a unified diff, each with its sign
    lines: tuple[str, ...]

    @property
    def title(self) -> str:
        """Say which cell it is and what became of it."""
        moved = self.kind == "changed" and self.before != self.after
        number = self.before if self.after is None else self.after
        return f"cell {number} {self.kind}" + (f" (was cell {self.before})" if moved else "")


@dataclass(frozen=True)
class OutputChange:
    """One cell that showed something else in the second run."""

    cell: int
    #: first line of its source
    source: str
    #: SHA-256 of what it showed, empty where it showed nothing
    before: str
    after: str


def cell_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[CellChange]:
    """Return the cells whose text differs, aligned by nbdime; outputs and ids do not count."""
    found: list[CellChange] = []
    for kind, old, new in _aligned(before, after):
        texts = (_text(before, old), _text(after, new))
        if kind != "changed" or texts[0] != texts[1]:
            numbers = [None if place is None else place + 1 for place in (old, new)]
            found.append(CellChange(kind, numbers[0], numbers[1], _lines(*texts)))
    return found


def _aligned(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, int | None, int | None]]:
    """Yield what nbdime says of cells: kind, index before, index after."""
    from nbdime import diff_notebooks

    shift = 0
    for part in diff_notebooks(_plain(before), _plain(after)):
        for step in part.diff if part.key == "cells" else ():
            if step.op == "addrange":
                for offset in range(len(step.valuelist)):
                    yield "added", None, step.key + shift + offset
                shift += len(step.valuelist)
            elif step.op == "removerange":
                for offset in range(step.length):
                    yield "removed", step.key + offset, None
                shift -= step.length
            else:
                yield "changed", step.key, step.key + shift


def _plain(notebook: Mapping[str, Any]) -> Any:
    """Return the notebook with nothing but the cells' kinds and texts."""
    from nbformat import from_dict

    cells = [
        {
            "cell_type": cell["cell_type"],
            "metadata": {},
            "source": "".join(cell["source"]),
            **({"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}),
        }
        for cell in notebook["cells"]
    ]
    return from_dict({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def _text(notebook: Mapping[str, Any], index: int | None) -> str:
    return "" if index is None else "".join(notebook["cells"][index]["source"])


def _lines(before: str, after: str) -> tuple[str, ...]:
    lines = unified_diff(before.splitlines(), after.splitlines(), n=2, lineterm="")
    return tuple(line for line in lines if not line.startswith(("---", "+++", "@@")))


def output_changes(
    before: Mapping[str, Any], after: Mapping[str, Any], notebook: Mapping[str, Any]
) -> list[OutputChange]:
    """Return the cells of `notebook` whose output differs between two of its recordings.

    What cells show that look at the clock or at labline's own records is passed over.
    """
    old, new = (_shown(recording, notebook) for recording in (before, after))
    return [
        OutputChange(cell, source.strip().partition("\n")[0], old[cell][1], new[cell][1])
        for cell, (source, digest) in sorted(old.items())
        if cell in new and digest != new[cell][1] and not _PASSING.search(source)
    ]


def _shown(recording: Mapping[str, Any], notebook: Mapping[str, Any]) -> dict[int, tuple[str, str]]:
    """Return source and digest of what each cell showed when it ran last."""
    ran = [cell for cell in recording.get("cells", ()) if cell.get("outcome") == "ok"]
    return {
        place.cell: (place.executed["source"], place.executed.get("outputs_digest", ""))
        for place in places(ran, notebook)
        if place.cell is not None
    }
