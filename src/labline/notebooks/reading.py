"""Read a notebook, or say clearly why it cannot be read."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.errors import BadNotebook, NotFound, nearest

if TYPE_CHECKING:
    from nbformat import NotebookNode

_SAVE_AGAIN = "Open it in JupyterLab and save it again, or restore it from version control."


@dataclass(frozen=True)
class Snapshot:
    """A notebook as it was at one moment."""

    #: where it was read from
    path: Path
    content: bytes

    @property
    def sha256(self) -> str:
        """Hex digest of the content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def notebook(self) -> NotebookNode:
        """The content, parsed; a new object each time."""
        return parse(self.content, self.path.name)


def snapshot(path: Path | str) -> Snapshot:
    """Take the notebook as it is on disk now.

    Raises
    ------
    NotFound
        There is no such file.
    BadNotebook
        The file is not a notebook.
    """
    path = Path(path)
    if path.is_dir():
        raise BadNotebook(f"{path} is a folder.", fix=_hint(path / "x.ipynb"))
    try:
        taken = Snapshot(path.resolve(), path.read_bytes())
    except FileNotFoundError as error:
        raise NotFound(f"There is no notebook {path}.", fix=_hint(path)) from error
    except OSError as error:
        raise BadNotebook(f"{path} cannot be read: {error.strerror}.") from error
    _ = taken.notebook
    return taken


def read(path: Path | str) -> NotebookNode:
    """Return the notebook at `path`; raises as :func:`snapshot` does."""
    return snapshot(path).notebook


def parse(content: bytes | str, name: str = "The notebook") -> NotebookNode:
    """Return notebook `content` in format 4; `name` is for the error message.

    Raises
    ------
    BadNotebook
        The content is not a notebook.
    """
    data = _json(content, name)
    if not isinstance(data, Mapping) or not isinstance(data.get("nbformat"), int):
        raise BadNotebook(f"{name} is JSON but not a notebook: it has no 'nbformat'.")
    import nbformat

    try:
        with warnings.catch_warnings():
            # Old notebooks have cells without ids; nbformat adds them and says so.
            warnings.simplefilter("ignore")
            notebook = nbformat.reads(json.dumps(data), as_version=4)
            nbformat.validator.normalize(notebook)
            nbformat.validate(notebook)
    except nbformat.ValidationError as error:
        raise BadNotebook(
            f"{name} is not a valid notebook: {error.message}", fix=_SAVE_AGAIN
        ) from error
    except Exception as error:
        raise BadNotebook(
            f"{name} cannot be read as a notebook: {type(error).__name__}: {error}",
            fix=_SAVE_AGAIN,
        ) from error
    return notebook


def _json(content: bytes | str, name: str) -> Any:
    try:
        return json.loads(content)
    except UnicodeDecodeError as error:
        raise BadNotebook(f"{name} is not a notebook: it is not text.") from error
    except json.JSONDecodeError as error:
        what = "is empty" if not content.strip() else "is not JSON"
        raise BadNotebook(
            f"{name} is not a notebook: it {what} (line {error.lineno}: {error.msg}).",
            fix=_SAVE_AGAIN,
        ) from error


def require_python(notebook: NotebookNode, name: str = "The notebook") -> None:
    """Return if the notebook's language is Python or not told.

    Raises
    ------
    BadNotebook
        It is another language.
    """
    told = notebook.metadata
    language = told.get("kernelspec", {}).get("language") or told.get("language_info", {}).get(
        "name"
    )
    if language and language.lower() != "python":
        raise BadNotebook(
            f"{name} is a notebook of {language}; labline runs Python notebooks.",
            fix="Choose a Python kernel in JupyterLab and save the notebook.",
        )


def clear_outputs(notebook: NotebookNode) -> NotebookNode:
    """Return a copy without outputs and execution counts."""
    from copy import deepcopy

    cleared = deepcopy(notebook)
    for cell in cleared.cells:
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    return cleared


def _hint(path: Path) -> str:
    folder = path.parent if path.parent.is_dir() else Path()
    known = [str(item) for item in folder.glob("*.ipynb")]
    if not known:
        return f"No notebook lies in {folder.resolve()}; give the path of one that is elsewhere."
    return nearest(str(folder / path.name), known)
