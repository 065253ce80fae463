"""Have a job's ``import`` and ``%run`` find modules as they were when the job was submitted."""

from __future__ import annotations

import os
import sys
from functools import wraps
from pathlib import Path
from typing import Any

#: environment variable: the folder that holds what lay beside the notebook at submit
MODULES = "LABLINE_MODULES"


def use(shell: Any) -> None:
    """Let ``import`` and ``%run NAME`` look in the job's modules first; once, where it has any.

    Parameters
    ----------
    shell
        The kernel's IPython shell.
    """
    folder = os.environ.get(MODULES)
    if folder and folder not in sys.path:
        sys.path.insert(0, folder)
        _run_from(shell, folder)


def _run_from(shell: Any, folder: str) -> None:
    from IPython.utils.path import get_py_filename

    plain = shell.find_line_magic("run")

    def find(name: str) -> str:
        places = (Path(folder, name), Path(folder, f"{name}.py"))
        is_below = not Path(name).is_absolute() and ".." not in Path(name).parts
        found = [place for place in places if is_below and place.is_file()]
        return str(found[0]) if found else str(get_py_filename(name))

    @wraps(plain)
    def run(line: str) -> Any:
        return plain(line, file_finder=find)

    shell.register_magic_function(run, "line", "run")
