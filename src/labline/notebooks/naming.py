"""What people call a cell: there is no name in the format."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

_LONGEST = 60
_HEADING = re.compile(r"^ {0,3}#{1,6}\s+(.+?)\s*#*\s*$", re.MULTILINE)
_COMMENT = re.compile(r"^#+\s*(?!%%)(.*\w.*)$")


def cell_name(notebook: NotebookNode, index: int) -> str:
    """Return a name for the code cell at `index`: its first comment, heading or line of code.

    The heading is that of the markdown cell right above. A cell of parameters is called so.
    """
    cell = notebook.cells[index]
    if named := {"parameters", "injected-parameters"} & set(cell.metadata.get("tags", ())):
        return named.pop().replace("-", " ")
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    if not lines:
        return "empty"
    if comment := _COMMENT.match(lines[0]):
        return _short(comment[1])
    return _short(_heading(notebook, index) or lines[0])


def _heading(notebook: NotebookNode, index: int) -> str:
    above = notebook.cells[index - 1] if index else None
    if above is None or above.cell_type != "markdown":
        return ""
    found = _HEADING.findall(above.source)
    return found[-1].replace("`", "").replace("*", "") if found else ""


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3].rstrip()}..."
