"""Where the Bento templates are."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

from labline.errors import NotFound, nearest


def find(name: str) -> Path:
    """Return the folder of the template `name`.

    A user's own template in Jupyter's data folders wins, then the source tree that labline is
    installed from in place, then what the distribution installed.

    Raises
    ------
    NotFound
        No such template; names those there are.
    """
    folders = list(_folders())
    for folder in folders:
        if (folder / name / "service.py").is_file():
            return folder / name
    known = {path.parent.name for folder in folders for path in folder.glob("*/service.py")}
    raise NotFound(f"There is no Bento template {name!r}.", fix=nearest(name, known))


def _folders() -> Iterator[Path]:
    from jupyter_core.paths import jupyter_path

    paths = [Path(path) for path in jupyter_path("labline", "bentos")]
    installed = [path for path in paths if path.is_relative_to(sys.prefix)]
    yield from (path for path in paths if path not in installed)
    # An in-place install also copies the templates, and the copy goes stale.
    yield Path(__file__).parents[3] / "bentos"
    yield from installed


def files(template: Path) -> list[Path]:
    """Return the files of a template, in order."""
    return sorted(path for path in template.rglob("*") if path.is_file() and _ours(path, template))


def _ours(path: Path, template: Path) -> bool:
    parts = path.relative_to(template).parts
    derived = any(part.startswith(".") or part == "__pycache__" for part in parts)
    return not derived and parts != ("service.json",)


def digest(template: Path) -> str:
    """Return the SHA-256 over the template's names and bytes."""
    whole = hashlib.sha256()
    for path in files(template):
        whole.update(path.relative_to(template).as_posix().encode() + b"\0")
        whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def requirements(template: Path) -> list[str]:
    """Return the requirement lines of a template."""
    file = template / "requirements.txt"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith(("#", "-"))]
