"""Have a job's ``%run`` find scripts as they were when the job was submitted."""

from __future__ import annotations

from functools import wraps
from pathlib import Path
from typing import Any


def use(shell: Any, folder: str) -> None:
    """Let ``%run NAME`` look in `folder` first, then where it always does.

    Parameters
    ----------
    shell
        The kernel's IPython shell.
    folder
        What lay beside the notebook at submit.
    """
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
