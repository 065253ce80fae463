"""Files as they were at submit: kept once by their content, laid out for each job."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from labline.errors import BadNotebook
from labline.settings import Settings

#: variable of a kernel: folder whose modules come before those beside the notebook
MODULES = "LABLINE_MODULES"


@dataclass(frozen=True)
class Pinned:
    """A store of files by their SHA-256, in one folder.

    Jobs of a sweep, and of one notebook, share what is the same.
    """

    folder: Path

    @classmethod
    def of(cls, settings: Settings) -> Pinned:
        """Return the store of a project."""
        return cls(settings.folder("jobs") / "files")

    def take(self, paths: Iterable[Path], root: Path) -> dict[str, str]:
        """Keep files that lie below `root`; return their digests by path relative to it."""
        return {path.relative_to(root).as_posix(): self._keep(path) for path in paths}

    def _keep(self, path: Path) -> str:
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        place = self.folder / digest
        if not place.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            draft = self.folder / f".{digest}.{os.getpid()}"
            draft.write_bytes(content)
            draft.replace(place)
        return digest

    def lay_out(self, files: Mapping[str, str], folder: Path) -> None:
        """Write the files that :meth:`take` kept into `folder`.

        Raises
        ------
        BadNotebook
            One is gone or was changed.
        """
        for name, digest in files.items():
            content = self._content(name, digest)
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)

    def _content(self, name: str, digest: str) -> bytes:
        try:
            content = (self.folder / digest).read_bytes()
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() != digest:
            raise BadNotebook(
                f"The snapshot of {name} is gone or was changed after submit.",
                fix="Submit the notebook again.",
            )
        return content
