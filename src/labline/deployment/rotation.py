"""Keep a log bounded that another process writes: begin a new file, and say so to the writer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Rotation:
    """A log with a bounded size: ``access.log``, and before it ``access.log.1``, ``.2`` ..."""

    path: Path
    #: bytes after which a new file is begun
    size: int
    #: older files that are kept
    kept: int
    #: has the writer open the file anew; falsy where it does not answer
    reopen: Callable[[], object]
    _owed: bool = field(default=False, init=False)

    def look(self) -> bool:
        """Begin a new file if this one is full; return whether it was.

        What is written between the renaming and the reopening is in the older file. A writer that
        does not answer is told again at the next look.
        """
        full = self._is_full()
        if full:
            self._shift()
        if full or self._owed:
            self._owed = not self.reopen()
        return full

    def _is_full(self) -> bool:
        try:
            return self.path.stat().st_size >= self.size
        except FileNotFoundError:
            return False

    def _shift(self) -> None:
        self._older(self.kept).unlink(missing_ok=True)
        for number in range(self.kept - 1, 0, -1):
            if self._older(number).exists():
                self._older(number).replace(self._older(number + 1))
        self.path.replace(self._older(1))

    def _older(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
