"""Find the local modules that a notebook imports: those that lie beside it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

_PASSED_OVER = {"__pycache__", ".ipynb_checkpoints"}


def local_modules(notebook: NotebookNode, folder: Path) -> list[Path]:
    """Return the files, below `folder`, of the modules that a notebook imports from there.

    What they import in turn is among them. Of a package all files are, since its modules may
    import one another in any way, and read data that lies with them.
    """
    waiting = [name for cell in notebook.cells for name in _imports(_code(cell))]
    known: set[str] = set()
    found: dict[Path, None] = {}
    while waiting:
        name = waiting.pop()
        if name in known:
            continue
        known.add(name)
        for path in _files(folder, name):
            found[path] = None
            if path.suffix == ".py":
                waiting += _imports(_text(path))
    return sorted(found)


def _code(cell: NotebookNode) -> str:
    """Return a cell's code without magics, which are no Python."""
    if cell.cell_type != "code" or cell.source.lstrip().startswith("%%"):
        return ""
    lines = cell.source.splitlines()
    return "\n".join("" if line.lstrip()[:1] in ("%", "!", "?") else line for line in lines)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _imports(source: str) -> Iterator[str]:
    """Yield the top-level names that code imports."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _files(folder: Path, name: str) -> list[Path]:
    """Return the files of a module or package in `folder`; a package comes first, as in Python."""
    package = folder / name
    if (package / "__init__.py").is_file():
        return [path for path in package.rglob("*") if _belongs(path)]
    module = folder / f"{name}.py"
    if module.is_file():
        return [module]
    return [path for path in package.rglob("*.py") if _belongs(path)] if package.is_dir() else []


def _belongs(path: Path) -> bool:
    return path.is_file() and not _PASSED_OVER & set(path.parts)
