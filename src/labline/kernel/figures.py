"""Figures that a cell showed, kept as files beside the journal on their way to the run."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from labline.kernel.journal import Journal

_PNG = "image/png"
_MOST = 200
_LARGEST = 10 * 2**20


class Figures:
    """Keeps the PNG images among the outputs of a recording's cells.

    At most 200 of at most 10 MiB each: a recording is no place for more. Files are written in the
    journal's thread.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._kept = 0

    def keep(self, cell: int, shown: list[Any]) -> None:
        """Keep what the execution `cell` showed; costs nothing where that is no image."""
        images = [bundle[_PNG] for bundle in shown if _PNG in bundle]
        for number, image in enumerate(images[: _MOST - self._kept], 1):
            self._kept += 1
            self._put(cell, number, image)

    def _put(self, cell: int, number: int, image: str | bytes) -> None:
        folder = self._journal.path.with_suffix(".figures")
        file = folder / f"cell-{cell}-{number}.png"
        self._journal.put(lambda: _write(file, cell, image))


def _write(file: Path, cell: int, image: str | bytes) -> dict[str, Any] | None:
    content = image if isinstance(image, bytes) else base64.b64decode(image)
    if len(content) > _LARGEST:
        return None
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    return {"event": "figure", "cell": cell, "file": f"{file.parent.name}/{file.name}"}
