"""Find the local code that a notebook uses: modules and scripts that lie beside it."""

from __future__ import annotations

import ast
import getopt
import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

_PASSED_OVER = {"__pycache__", ".ipynb_checkpoints"}
#: options of IPython's ``%run``, as it knows them
_RUN_OPTIONS = "nidtN:b:pD:l:rs:T:em:G"
#: a name that is imported, or the file that ``%run`` is given
_Need = tuple[str, str]


def local_modules(notebook: NotebookNode, folder: Path) -> list[Path]:
    """Return the files, below `folder`, of what a notebook imports or ``%run``s from there.

    What they use in turn is among them. Of a package all files are, since its modules may
    import one another in any way, and read data that lies with them.
    """
    waiting = [need for cell in notebook.cells for need in _needs(_code(cell))]
    known: set[_Need] = set()
    found: dict[Path, None] = {}
    while waiting:
        need = waiting.pop()
        if need in known:
            continue
        known.add(need)
        for path in _files(folder, need):
            found[path] = None
            waiting += [more for source in _sources(path) for more in _needs(source)]
    return sorted(found)


def _code(cell: NotebookNode) -> str:
    """Return a cell's source, where it is Python."""
    is_python = cell.cell_type == "code" and not cell.source.lstrip().startswith("%%")
    return cell.source if is_python else ""


def _sources(path: Path) -> list[str]:
    """Return the code in a file that a notebook uses."""
    if path.suffix in (".py", ".ipy"):
        return [path.read_text(encoding="utf-8", errors="replace")]
    return list(map(_code, _cells(path))) if path.suffix == ".ipynb" else []


def _cells(path: Path) -> list[NotebookNode]:
    import nbformat

    try:
        return list(nbformat.read(path, as_version=4).cells)
    except (ValueError, KeyError, AttributeError, json.JSONDecodeError):
        return []


def _needs(source: str) -> Iterator[_Need]:
    """Yield what code uses; magics, which are no Python, are read for themselves."""
    lines = source.splitlines()
    magic = [line.lstrip()[:1] in ("%", "!", "?") for line in lines]
    plain = "\n".join("" if is_magic else line for line, is_magic in zip(lines, magic, strict=True))
    yield from (("import", name) for name in _imports(plain))
    yield from (need for line in lines if (need := _run(line.strip())))


def _run(line: str) -> _Need | None:
    """Return what a line ``%run ...`` runs."""
    if not line.startswith(("%run ", "%run\t")):
        return None
    try:
        options, names = getopt.getopt(shlex.split(line[4:]), _RUN_OPTIONS)
    except (getopt.GetoptError, ValueError):
        return None
    if module := dict(options).get("-m"):
        return "import", module.partition(".")[0]
    return ("run", names[0]) if names else None


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


def _files(folder: Path, need: _Need) -> list[Path]:
    """Return the files of what is needed; a package comes first, as in Python."""
    kind, name = need
    if kind == "run":
        return _script(folder, name)
    package = folder / name
    if (package / "__init__.py").is_file():
        return [path for path in package.rglob("*") if _belongs(path)]
    module = folder / f"{name}.py"
    if module.is_file():
        return [module]
    return [path for path in package.rglob("*.py") if _belongs(path)] if package.is_dir() else []


def _script(folder: Path, name: str) -> list[Path]:
    """Return the file that ``%run`` finds by a name, if it lies below the folder."""
    for one in (folder / name, folder / f"{name}.py"):
        if one.is_file() and ".." not in Path(name).parts and one.is_relative_to(folder):
            return [one]
    return []


def _belongs(path: Path) -> bool:
    return path.is_file() and not _PASSED_OVER & set(path.parts)
