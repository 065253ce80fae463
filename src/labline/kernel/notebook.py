"""Which notebook a kernel runs, and a snapshot of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from labline.errors import NotFound

_NOTEBOOK = "LABLINE_NOTEBOOK"
_SESSION = "JPY_SESSION_NAME"


def locate(
    named: str | None = None,
    variables: Mapping[str, Any] | None = None,
    told: Path | None = None,
) -> Path | None:
    """Return the notebook's path, ``None`` where nothing tells.

    In order: ``LABLINE_NOTEBOOK`` (a job's word), `named` (the user's), `told` (the front
    end's, see :mod:`labline.kernel.identity`), VS Code's variable in the
    user's namespace, ``JPY_SESSION_NAME`` (Jupyter's word at kernel start; stale after a rename,
    so it counts only where the file is there).

    Raises
    ------
    NotFound
        `named` is no file.
    """
    if ours := os.environ.get(_NOTEBOOK):
        return Path(ours).absolute()
    if named:
        path = Path(named).expanduser().absolute()
        if not path.is_file():
            raise NotFound(f"There is no notebook {named!r}.", fix="Give its path from here.")
        return path
    if told and told.is_file():
        return told
    guesses = ((variables or {}).get("__vsc_ipynb_file__"), os.environ.get(_SESSION))
    paths = (Path(guess).absolute() for guess in guesses if guess)
    return next((path for path in paths if path.suffix == ".ipynb" and path.is_file()), None)


def snapshot(
    path: Path | None, executed: Sequence[str], *, until_last: bool = False
) -> dict[str, Any]:
    """Return the notebook's cells without outputs: the file's, else those that were executed.

    Parameters
    ----------
    until_last
        Leave out what comes below the cell that was executed last: it belongs to other runs.
    """
    document = _read(path) if path else None
    if document is None:
        return built(executed)
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = []
    if until_last and executed:
        document["cells"] = _until(document["cells"], executed[-1])
    return document


def _until(cells: list[dict[str, Any]], source: str) -> list[dict[str, Any]]:
    for place, cell in enumerate(cells, 1):
        if cell["source"].strip() == source.strip():
            return cells[:place]
    return cells


def built(sources: Iterable[str]) -> dict[str, Any]:
    """Return a notebook (nbformat 4.5) of code cells."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source,
        }
        for number, source in enumerate(sources, 1)
    ]
    kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernelspec, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def missing(document: Mapping[str, Any], executed: Iterable[str]) -> list[str]:
    """Return the executed sources that are in no cell of the notebook, as when it is not saved."""
    written = {"".join(cell["source"]).strip() for cell in document["cells"]}
    return [source for source in executed if source.strip() not in written]


def _read(path: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("nbformat") != 4:
        return None
    document["metadata"].pop("widgets", None)
    for cell in document["cells"]:
        cell.pop("attachments", None)
        # Jupyter keeps a source as a list of lines; a secret may span them.
        cell["source"] = "".join(cell["source"])
    return document
