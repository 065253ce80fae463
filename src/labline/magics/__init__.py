"""The magics: ``%load_ext labline`` registers them, their bodies are loaded on first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labline.kernel import Ended

#: what the magics are for, by name; ``%NAME --help`` tells more
SUMMARIES = {
    "record": "Record this notebook (on, off, status) or, as %%record, this cell as a run.",
    "log": "Log metrics, parameters, data and the model with the run that is recorded.",
    "runs": "Return the runs of an experiment as a DataFrame.",
    "submit": "Run this notebook, or another, as a job or a sweep of jobs.",
    "jobs": "Return the jobs of this project as a DataFrame.",
    "sweep": "Return a sweep: its trials, the best first, and a figure.",
    "promote": "Judge a model by a stage's policy and let it hold the stage if it passes.",
    "approve": "Approve, or reject, a promotion that waits for it.",
    "deploy": "Serve a model version on an endpoint.",
    "rollback": "Bring back the release that an endpoint served before.",
    "batch": "Score files of rows with a model version.",
    "prod": "Bring production into the notebook: rows, drift, labels and health of an endpoint.",
}


def register(shell: Any) -> None:
    """Give `shell` the magics and a recorder, once; in a job, start recording into its run."""
    from labline.kernel import begin, install, pinned

    pinned.use(shell)
    if "record" in shell.magics_manager.magics["cell"]:
        begin()
        return
    for name, summary in SUMMARIES.items():
        shell.register_magic_function(_line_magic(shell, name, summary), "line", name)
    shell.register_magic_function(_cell_magic(shell), "cell", "record")
    shell.input_transformers_cleanup.append(_record_cell)
    install(shell).on_end = partial(_show_end, shell)
    begin()


def reference() -> dict[str, str]:
    """Return the help text of every magic, by its name with ``%``."""
    from labline.magics.running import parsers

    return {f"%{name}": parser.format_help() for name, parser in parsers().items()}


def _line_magic(shell: Any, name: str, summary: str) -> Callable[[str], Any]:
    def magic(line: str) -> Any:
        from labline.magics.running import run

        return run(shell, name, line)

    magic.__name__ = name
    magic.__doc__ = f"{summary}\n\nSee %{name} --help."
    # IPython would replace {...} and $... in what %log is to evaluate.
    magic._ipython_magic_no_var_expand = name == "log"  # type: ignore[attr-defined]
    return magic


def _cell_magic(shell: Any) -> Callable[[str, str], Any]:
    def record(line: str, cell: str) -> Any:
        from labline.magics.running import run_recorded

        return run_recorded(shell, line, cell)

    record.__doc__ = f"{SUMMARIES['record']}\n\nSee %record --help."
    return record


def _record_cell(lines: list[str]) -> list[str]:
    """Turn ``%%record`` into a call and leave the cell's body what it was.

    As an ordinary cell it shows its last value, may await, and fails with its own traceback.
    """
    words = lines[0].split(None, 1) if lines else []
    if not words or words[0] != "%%record":
        return lines
    from IPython.core.inputtransformer2 import cell_magic

    line = words[1].strip() if len(words) > 1 else ""
    body = lines[1:]
    inner: list[str] = cell_magic(body) if body else []
    # IPython takes no empty body; a blank one says that the body follows as the cell's own.
    return [f"get_ipython().run_cell_magic('record', {line!r}, ' ')\n", *inner]


def _show_end(shell: Any, ended: Ended) -> None:
    from labline.magics.record import show_end

    show_end(shell, ended)
