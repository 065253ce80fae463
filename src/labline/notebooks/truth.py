"""Notebook truth: how the cells that ran compare with the notebook that is left.

A notebook that was worked on from cell to cell can give what it does not give again: cells ran
out of order, ran twice, were changed or taken out after they ran. All of this is derived from two
facts, what ran and what the notebook says; nothing is executed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from difflib import SequenceMatcher
from typing import Any

from labline.errors import NotFound

Executed = Mapping[str, Any]

#: how alike (0 to 1) a source must be to a cell to count as an earlier text of it
_ALIKE = 0.6
_LONGEST = 60
# Such lines, typed anywhere, change nothing that a rerun could miss.
_BYSTANDER = re.compile(
    r"\s*(?:%(?:record|runs|jobs|submit|promote|deploy|rollback|load_ext\s+labline)\b.*)?"
)


@dataclass(frozen=True)
class Truth:
    """Where what ran and what the notebook says part.

    Cells are numbered as in error messages: by place in the notebook, text cells too, from 1.
    """

    #: cells that ran last after a cell that stands below them
    out_of_order: tuple[int, ...] = ()
    #: cells whose text is not what ran
    edited: tuple[int, ...] = ()
    #: first lines of what ran and is in no cell
    deleted: tuple[str, ...] = ()
    #: cells that ran more than once while it was recorded -> how often
    repeated: Mapping[int, int] = field(default_factory=dict)
    #: cells that did not run although a cell below them did
    skipped: tuple[int, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether the notebook was run once, from top to bottom, as it stands."""
        return not any((self.out_of_order, self.edited, self.deleted, self.repeated, self.skipped))

    def __str__(self) -> str:
        """Return one line: ``cells 3 and 5 ran out of order; cell 4 was edited after it ran``."""
        many = len(self.edited) > 1
        parts = (
            _told(self.out_of_order, "ran out of order"),
            _told(self.edited, "were edited after they ran" if many else "was edited after it ran"),
            self._gone(),
            "; ".join(
                f"cell {cell} ran {'twice' if times == 2 else f'{times} times'}"
                for cell, times in self.repeated.items()
            ),
            _told(self.skipped, "did not run"),
        )
        return "; ".join(part for part in parts if part)

    def to_dict(self) -> dict[str, Any]:
        """Return the truth as JSON-ready data."""
        return {**asdict(self), "plain": self.plain, "says": str(self)}

    def _gone(self) -> str:
        if not self.deleted:
            return ""
        verb = "was" if len(self.deleted) == 1 else "were"
        quoted = _joined([f"`{line}`" for line in self.deleted])
        return f"{quoted} {verb} deleted after running"


@dataclass(frozen=True)
class Place:
    """Where an executed source belongs."""

    executed: Executed
    #: the cell, ``None`` where it is in the notebook no more
    cell: int | None
    #: whether the cell still says what ran
    same: bool


def of_run(read: Callable[[str], Any], kind: str = "") -> Truth | None:
    """Return the truth about a run, ``None`` where its recording or notebook is not kept.

    Parameters
    ----------
    read
        Returns a JSON artifact of the run by its path, or raises :class:`NotFound`.
    kind
        The run's tag ``labline.kind``: a job runs its notebook from top to bottom.
    """
    if kind in ("job", "replay"):
        return Truth()
    try:
        return derive(read("labline/recording.json"), read("labline/notebook.ipynb"))
    except NotFound:
        return None


def derive(recording: Mapping[str, Any], notebook: Mapping[str, Any]) -> Truth:
    """Return the truth about a recording.

    Parameters
    ----------
    recording
        As in ``labline/recording.json``: ``earlier`` is what the kernel ran before, ``cells``
        what was recorded. Cells that raised are passed over.
    notebook
        The notebook (nbformat 4) as it was when the recording ended.
    """
    earlier, cells = (_worked(recording.get(part, ())) for part in ("earlier", "cells"))
    placed = places([*earlier, *cells], notebook)
    runs: dict[int, list[int]] = {}
    for moment, place in enumerate(placed):
        if place.cell is not None:
            runs.setdefault(place.cell, []).append(moment)
    last = {cell: moments[-1] for cell, moments in runs.items()}
    lowest = max(last, default=0)
    return Truth(
        out_of_order=tuple(sorted(_out_of_order(last))),
        edited=tuple(sorted(cell for cell, moment in last.items() if not placed[moment].same)),
        deleted=tuple(
            _first_line(place.executed["source"])
            for place in placed
            if place.cell is None and not _bystands(place.executed["source"])
        ),
        repeated=_repeated(placed[len(earlier) :]),
        skipped=tuple(
            cell
            for cell, source in _code(notebook).items()
            if source and cell < lowest and cell not in runs
        ),
    )


def _worked(executed: Iterable[Executed]) -> list[Executed]:
    return [item for item in executed if item.get("outcome") == "ok"]


def _bystands(source: str) -> bool:
    return all(map(_BYSTANDER.fullmatch, source.splitlines()))


def _repeated(placed: Iterable[Place]) -> dict[int, int]:
    times = Counter(place.cell for place in placed if place.cell is not None)
    return {cell: count for cell, count in sorted(times.items()) if count > 1}


def places(executed: Sequence[Executed], notebook: Mapping[str, Any]) -> list[Place]:
    """Say for each executed source which cell it belongs to.

    By the cell's id where the front end told it; else by the text, each of several equal cells in
    its turn; else by likeness to a cell.
    """
    cells = _code(notebook)
    ids = {str(cell["id"]): number for number, cell in _numbered(notebook) if "id" in cell}
    found = [_by_id(item, ids, cells) for item in executed]
    taken = {place.cell for place in found if place and place.cell}
    free: dict[str, list[int]] = {}
    for number, source in cells.items():
        if number not in taken:
            free.setdefault(source, []).append(number)
    return [
        place or _by_text(item, free, cells) for place, item in zip(found, executed, strict=True)
    ]


def _by_id(executed: Executed, ids: Mapping[str, int], cells: Mapping[int, str]) -> Place | None:
    number = ids.get(executed.get("cell_id") or "")
    if number is None or number not in cells:
        return None
    return Place(executed, number, cells[number] == executed["source"].strip())


def _by_text(executed: Executed, free: dict[str, list[int]], cells: Mapping[int, str]) -> Place:
    source = executed["source"].strip()
    if waiting := free.get(source):
        # The last of them stays: what runs once more is that cell again.
        return Place(executed, waiting.pop(0) if len(waiting) > 1 else waiting[0], same=True)
    if again := [number for number, text in cells.items() if text == source]:
        return Place(executed, again[0], same=True)
    return Place(executed, _alike(source, cells), same=False)


def _alike(source: str, cells: Mapping[int, str]) -> int | None:
    """Return the cell most like `source`, if one is like it enough."""
    matcher = SequenceMatcher(b=source, autojunk=True)
    best, chosen = _ALIKE, None
    for number, text in cells.items():
        matcher.set_seq1(text)
        if min(matcher.real_quick_ratio(), matcher.quick_ratio()) > best:
            ratio = matcher.ratio()
            best, chosen = (ratio, number) if ratio > best else (best, chosen)
    return chosen


def _out_of_order(last: Mapping[int, int]) -> Iterable[int]:
    """Yield the cells that ran after one that stands below them."""
    earliest_below = float("inf")
    for cell in sorted(last, reverse=True):
        if last[cell] > earliest_below:
            yield cell
        earliest_below = min(earliest_below, last[cell])


def _numbered(notebook: Mapping[str, Any]) -> list[tuple[int, Mapping[str, Any]]]:
    numbered = enumerate(notebook.get("cells", ()), 1)
    return [(number, cell) for number, cell in numbered if cell["cell_type"] == "code"]


def _code(notebook: Mapping[str, Any]) -> dict[int, str]:
    return {number: "".join(cell["source"]).strip() for number, cell in _numbered(notebook)}


def _told(cells: Sequence[int], what: str) -> str:
    if not cells:
        return ""
    return f"cell{'s' if cells[1:] else ''} {_joined([str(cell) for cell in cells])} {what}"


def _joined(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)


def _first_line(source: str) -> str:
    line = source.strip().partition("\n")[0]
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 3]}..."
