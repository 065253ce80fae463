"""Where a model version can run beside labline's own platform: files for other systems.

A target is a class in the entry-point group ``labline.targets``; :func:`find` loads it on use.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

from labline.errors import NotFound, Refused, nearest
from labline.serving.targets.target import Target, Workload

__all__ = ["Target", "Workload", "find", "write"]


def find(name: str) -> Target:
    """Return the target `name`.

    Raises
    ------
    NotFound
        No such target is installed; names those there are.
    """
    known = {point.name: point for point in entry_points(group="labline.targets")}
    if name not in known:
        raise NotFound(f"There is no target {name!r}.", fix=nearest(name, known))
    target: Target = known[name].load()()
    return target


def write(files: dict[str, str], folder: Path) -> list[Path]:
    """Write the files below `folder`; what is there under other names stays.

    Raises
    ------
    Refused
        `folder` is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise Refused(f"{folder} is a file.", fix="Name a folder.")
    written = []
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written
