"""Files as they were at submit: kept once by their content, laid out for each job."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from labline.errors import BadNotebook
from labline.settings import Settings

_PIECE = 2**20


@dataclass(frozen=True)
class Pins:
    """What goes with a notebook: digests by path relative to its folder."""

    #: local modules and scripts
    modules: Mapping[str, str]
    #: input files
    inputs: Mapping[str, str]


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

    def take(self, files: Mapping[str, Path]) -> dict[str, str]:
        """Keep files; return their digests by the names given to them."""
        return {name: self._keep(path) for name, path in files.items()}

    def _keep(self, path: Path) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f".{uuid4().hex}"
        try:
            # The digest of what was copied: the file may be written meanwhile.
            digest = _copy(path, draft)
            draft.replace(self.folder / digest)
        finally:
            draft.unlink(missing_ok=True)
        return digest

    def lay_out(self, files: Mapping[str, str], folder: Path) -> None:
        """Write the files that :meth:`take` kept into `folder`.

        Raises
        ------
        BadNotebook
            One is gone or was changed.
        """
        for name, digest in files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if self._laid_out(digest, place) != digest:
                raise BadNotebook(
                    f"The snapshot of {name} is gone or was changed after submit.",
                    fix="Submit the notebook again.",
                )

    def _laid_out(self, digest: str, place: Path) -> str:
        try:
            return _copy(self.folder / digest, place)
        except FileNotFoundError:
            return ""


def _copy(source: Path, target: Path) -> str:
    """Copy a file of any size; return the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while piece := reader.read(_PIECE):
            digest.update(piece)
            writer.write(piece)
    return digest.hexdigest()
