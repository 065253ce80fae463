"""Files that go into a job, and files that it leaves."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from labline.errors import BadInput
from labline.records import Artifact

#: where the files that a job left lie among the artifacts of its run
FOLDER = "files"
#: most files that are kept of one job
MOST = 1000
_PASSED_OVER = {"__pycache__", ".ipynb_checkpoints", ".labline", ".git"}
_Stamp = tuple[int, int, int]


def named(paths: Sequence[Path], folder: Path) -> dict[str, Path]:
    """Return input files by the names that they get beside the notebook in `folder`.

    A file below that folder keeps its place, one from elsewhere its name; a folder is all the
    files in it.

    Raises
    ------
    BadInput
        One is not there, or two would get the same name.
    """
    found: dict[str, Path] = {}
    for given in paths:
        for name, path in _named(given.resolve(), folder.resolve()):
            if found.setdefault(name, path) != path:
                raise BadInput(
                    f"Two inputs would be called {name!r}: {found[name]} and {path}.",
                    fix="Rename one, or put both into a folder and give that.",
                )
    return found


def _named(given: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    if not given.exists():
        raise BadInput(
            f"There is no input file {given}.", fix="Paths of inputs count from where you are."
        )
    root = folder if given.is_relative_to(folder) else given.parent
    for path in sorted(given.rglob("*")) if given.is_dir() else [given]:
        if path.is_file() and not _PASSED_OVER & set(path.relative_to(root).parts):
            yield path.relative_to(root).as_posix(), path


def checked_patterns(patterns: Sequence[str]) -> tuple[str, ...]:
    """Return the patterns of files to keep.

    Raises
    ------
    BadInput
        One leaves the folder that the job works in.
    """
    for pattern in patterns:
        if not pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise BadInput(
                f"{pattern!r} is no pattern of files in the folder that the job works in.",
                fix="Write for example --keep '*.csv' or --keep 'plots/*'.",
            )
    return tuple(patterns)


@dataclass(frozen=True)
class Bench:
    """The folder that a job works in, and which of the files there are its own.

    Parameters
    ----------
    folder
        Its working directory.
    patterns
        The files to keep, as :meth:`pathlib.Path.glob` has it; none are where there are none.
    """

    folder: Path
    patterns: tuple[str, ...]

    def look(self) -> dict[str, _Stamp]:
        """Return what there is, to be handed to :meth:`left`."""
        paths = {path for pattern in self.patterns for path in self.folder.glob(pattern)}
        return {
            path.relative_to(self.folder).as_posix(): _stamp(path)
            for path in sorted(paths)
            if path.is_file()
            and not path.is_symlink()
            and not _PASSED_OVER & set(path.relative_to(self.folder).parts)
        }

    def left(self, before: Mapping[str, _Stamp]) -> list[Artifact]:
        """Return the files that are new, or not as they were before; named as they lie here."""
        now = self.look()
        return [
            Artifact(name, stamp[1]) for name, stamp in now.items() if before.get(name) != stamp
        ]


def _stamp(path: Path) -> _Stamp:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def split(left: Sequence[Artifact], limit: int) -> tuple[list[Artifact], list[Artifact]]:
    """Return the files that are kept, and those that are over `limit` bytes in all, or too many."""
    kept: list[Artifact] = []
    over: list[Artifact] = []
    for one in left:
        fits = sum(other.size for other in kept) + one.size <= limit and len(kept) < MOST
        (kept if fits else over).append(one)
    return kept, over


def copy(names: Sequence[str], source: Path, target: Path) -> None:
    """Copy files, each to its place below `target`."""
    for name in names:
        place = target / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, place)
