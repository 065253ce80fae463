"""Run the cells of one notebook in one kernel."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient

from labline.errors import CellFailed
from labline.jobs.outputs import Redaction, raised
from labline.workflows import Interrupted

if TYPE_CHECKING:
    from nbformat import NotebookNode

#: is told how many cells are done, of how many
Progress = Callable[[int, int], None]
_LOAD = "%load_ext labline"
# The worker publishes what was recorded: it has MLflow loaded, the kernel would have to import it.
_CLOSE = """
def close(status):
    from labline.kernel import recorder

    known = recorder()
    if known is not None and known.recording is not None:
        live, known.recording = known.recording, None
        live.close(status)
"""
_LOOK = 0.2


class Cells(PapermillNotebookClient):  # type: ignore[misc]
    """The cells of a notebook, one after another: papermill's client, with an end to it.

    Parameters
    ----------
    manager
        papermill's execution manager, which saves the notebook as it runs.
    timeout
        Seconds for all cells together.
    stopping
        Ends the run at once when it is set.
    on_progress
        Is called before the first cell and after each.
    secrets
        Values, by environment variable, to take out of what the cells show.
    options
        Of papermill's and nbclient's own client.
    """

    def __init__(
        self,
        manager: Any,
        *,
        timeout: float | None,
        stopping: threading.Event,
        on_progress: Progress | None,
        secrets: Mapping[str, str],
        **options: Any,
    ) -> None:
        super().__init__(manager, timeout_func=self._left, coalesce_streams=True, **options)
        self.progress = (0, sum(map(_runs, manager.nb.cells)))
        self.failure: CellFailed | None = None
        self._limit = timeout
        self._deadline = time.monotonic() + timeout if timeout else None
        self._stopping = stopping
        self._on_progress = on_progress or _ignore
        self._redaction = Redaction(secrets)

    def execute(self, **options: Any) -> NotebookNode:
        """Start the kernel, run the cells, and end the kernel.

        Unlike papermill's it asks nothing of a kernel that is busy or dead.
        """
        self.reset_execution_trackers()
        with self.setup_kernel(**options):
            self.papermill_execute_cells()
            if self._answers:
                self._close_recording()
                info = self.wait_for_reply(self.kc.kernel_info())
                self.nb.metadata["language_info"] = info["content"]["language_info"]
            self.set_widgets_metadata()
        return self.nb

    @property
    def _answers(self) -> bool:
        return bool(self.shutdown_kernel == "graceful")

    def papermill_execute_cells(self) -> None:
        """Run the cells until one raises, time is up or the run is stopped.

        Raises
        ------
        Interrupted
            The run was stopped.
        """
        self._load_extension()
        self._on_progress(*self.progress)
        for index, cell in enumerate(self.nb.cells):
            self._check()
            if not self._run(index, cell):
                break
        self._redaction.notebook(self.nb)

    def _load_extension(self) -> None:
        """Let labline record, where the kernel has it."""
        self._silently(_LOAD, "labline was not loaded in the kernel")

    def _close_recording(self) -> None:
        """Have everything recorded on disk, for the worker to publish."""
        status = "FAILED" if self.failure else "FINISHED"
        call = f"(space := {{}}, exec({_CLOSE!r}, space), space['close']({status!r}))"
        self._silently(call, "the recording was not closed")

    def _silently(self, code: str, problem: str) -> None:
        """Run code that leaves no trace, in no history; a kernel without labline is no harm."""
        reply = self.wait_for_reply(self.kc.execute(code, silent=True, store_history=False))
        content = (reply or {}).get("content", {})
        if content.get("status") == "error" and content.get("ename") != "ModuleNotFoundError":
            logging.getLogger(__name__).warning(
                "%s: %s: %s", problem, content.get("ename"), content.get("evalue")
            )

    def _run(self, index: int, cell: NotebookNode) -> bool:
        """Run one cell and return whether to go on."""
        self.nb_man.cell_start(cell, index)
        try:
            self.execute_cell(cell, index)
        except CellExecutionError:
            return self._failed(index, *raised(self.nb.cells[index]))
        except CellTimeoutError:
            self.shutdown_kernel = "immediate"
            return self._failed(index, "TimeoutError", f"the job had {self._limit:g} s in all")
        except DeadKernelError:
            self._check()
            self.shutdown_kernel = "immediate"
            return self._failed(index, "DeadKernelError", "the kernel died; was memory enough?")
        finally:
            self.nb_man.cell_complete(self.nb.cells[index], cell_index=index)
        if _runs(cell):
            self.progress = (self.progress[0] + 1, self.progress[1])
            self._on_progress(*self.progress)
        return True

    def _failed(self, index: int, kind: str, text: str) -> bool:
        if kind == "SystemExit" and text in ("", "0", "None"):
            # As papermill has it: a notebook may end itself early, and well.
            return False
        self.nb_man.cell_exception(self.nb.cells[index], cell_index=index)
        self.failure = CellFailed(
            f"Cell {index + 1} raised {kind}: {self._redaction.text(text)}",
            cell=index + 1,
            exception=kind,
        )
        return False

    def _check(self) -> None:
        if self._stopping.is_set():
            self.shutdown_kernel = "immediate"
            raise Interrupted

    def _left(self, _: NotebookNode) -> float | None:
        return None if self._deadline is None else max(0.1, self._deadline - time.monotonic())

    async def _async_poll_kernel_alive(self) -> None:
        """Break the running cell off when the kernel dies or the run is stopped.

        nbclient's own looks once a second, and at the kernel only.
        """
        while not self._stopping.is_set() and await self.km.is_alive():
            await asyncio.sleep(_LOOK)
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    def output(self, *args: Any) -> NotebookNode | None:
        """Take what a cell shows; called by nbclient for each output."""
        shown: NotebookNode | None = super().output(*args)
        if shown:
            self._redaction.output(shown)
        return shown


def _runs(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.source.strip())


def _ignore(done: int, of: int) -> None:
    """Be told of progress by nobody who cares."""
