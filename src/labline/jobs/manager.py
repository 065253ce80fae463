"""papermill's execution manager, made to save so that a reader never sees half a notebook."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from papermill.engines import NotebookExecutionManager, catch_nb_assignment

from labline.errors import Failed
from labline.workflows import Flow, Interrupted

if TYPE_CHECKING:
    from nbformat import NotebookNode

#: Seconds after which what a long cell shows is saved while it runs; papermill's own is 30.
_AUTOSAVE = 2
#: Seconds between two writes, where cells are short; none waits longer than that.
_APART = 0.2


class Saving(NotebookExecutionManager):  # type: ignore[misc]
    """Keeps `notebook` in the file `output` as its cells run."""

    def __init__(self, notebook: NotebookNode, output: Path) -> None:
        super().__init__(
            notebook, output_path=str(output), progress_bar=False, autosave_cell_every=_AUTOSAVE
        )
        notebook.metadata.setdefault("papermill", {})
        self._written = float("-inf")
        self._is_due = False

    @catch_nb_assignment  # type: ignore[untyped-decorator, unused-ignore]
    def save(self, **_: Any) -> None:
        """Write the notebook, or leave that to :meth:`settle`, where it was written just now.

        Called by papermill before and after each cell.

        Raises
        ------
        Failed
            It cannot be written.
        Interrupted
            Another worker has taken over the job, and the file.
        """
        self._is_due = True
        if time.monotonic() - self._written >= _APART:
            self._write()

    def settle(self) -> None:
        """Write what was not written yet; called again and again while a cell runs.

        Where that fails, the next :meth:`save` says so.
        """
        if self._is_due:
            with suppress(Failed, Interrupted):
                self.save()

    @catch_nb_assignment  # type: ignore[untyped-decorator, unused-ignore]
    def notebook_complete(self, **options: Any) -> None:
        """Write the notebook as it is in the end; called when it has run.

        Raises
        ------
        Failed, Interrupted
            As in :meth:`save`.
        """
        super().notebook_complete(**options)
        if self._is_due:
            self._write()

    def _write(self) -> None:
        if (flow := Flow.current()) and not flow.is_mine():
            raise Interrupted(flow.id)
        write(self.nb, Path(self.output_path))
        self._is_due, self._written = False, time.monotonic()
        self.last_save_time = self.now()


def write(notebook: NotebookNode, path: Path) -> None:
    """Write `notebook` to `path` in one move.

    Raises
    ------
    Failed
        It cannot be written; what was there stays.
    """
    import nbformat

    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(nbformat.writes(notebook), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise Failed(
            f"{path} cannot be written: {error.strerror}.",
            fix="Make room there, or choose another --output-dir.",
        ) from error
