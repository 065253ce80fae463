"""Keep a log bounded that another process writes: begin a new file, and say so to the writer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Rotation:
    """A log with a bounded size: ``access.log``, and before it ``access.log.1``, ``.2`` ..."""

    path: Path
    #: bytes after which a new file is begun
    size: int
    #: older files that are kept
    kept: int
    #: has the writer open the file anew
    reopen: Callable[[], object]

    def look(self) -> bool:
        """Begin a new file if this one is full; return whether it was.

        What is written between the renaming and the reopening is in the older file.
        """
        try:
            full = self.path.stat().st_size >= self.size
        except FileNotFoundError:
            return False
        if full:
            self._shift()
            self.reopen()
        return full

    def _shift(self) -> None:
        self._older(self.kept).unlink(missing_ok=True)
        for number in range(self.kept - 1, 0, -1):
            if self._older(number).exists():
                self._older(number).replace(self._older(number + 1))
        self.path.replace(self._older(1))

    def _older(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
