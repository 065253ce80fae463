"""Run the cells of one notebook in one kernel."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import run_sync
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient

from labline import notebooks
from labline.errors import BadNotebook, CellFailed
from labline.jobs import kernels
from labline.jobs.execution import CANCELLED, DEAD, MEMORY, TIME, Plan
from labline.jobs.limits import Ceiling, Room, amount
from labline.jobs.log import Log
from labline.jobs.outputs import Redaction, joined, raised
from labline.kernel.pinned import MODULES
from labline.records import RunningCell
from labline.workflows import Flow, Interrupted

if TYPE_CHECKING:
    from nbformat import NotebookNode

#: is told how many cells are done, of how many, and which one runs now
Progress = Callable[[int, int, RunningCell | None], None]
_LOAD = "%load_ext labline"
_MODULES = f"import os, sys; sys.path.insert(0, os.environ[{MODULES!r}])"
#: nbclient looks once in so many seconds whether a kernel that it waits for still lives
_WAITING = {"shell_timeout_interval": 1}
_LOOK = 0.2
_LONGEST = 2000


class Cells(PapermillNotebookClient):  # type: ignore[misc]
    """The cells of a notebook, one after another: papermill's client, with an end to it.

    Parameters
    ----------
    manager
        papermill's execution manager, which saves the notebook as it runs.
    plan
        Limits, log, and who is told of progress.
    flow
        The run ends when it is to stop: at once, or, where it was cancelled, once the running
        cell was interrupted.
    secrets
        Values, by environment variable, to take out of what the cells show.
    options
        Of papermill's and nbclient's own client.
    """

    def __init__(
        self,
        manager: Any,
        plan: Plan,
        *,
        flow: Flow,
        secrets: Mapping[str, str],
        **options: Any,
    ) -> None:
        super().__init__(manager, timeout_func=self._left, **{**_WAITING, **options})
        self.progress = (0, sum(map(_runs, manager.nb.cells)))
        self.failure: CellFailed | None = None
        self._plan, self._flow = plan, flow
        self._room = Room(plan.room)
        self._ceiling: Ceiling | None = None
        self._exit: int | None = None
        self._deadline = time.monotonic() + plan.timeout if plan.timeout else None
        self._on_progress = plan.on_progress or _ignore
        # papermill's own manager has written all that it was told.
        self._settle: Callable[[], None] = getattr(manager, "settle", _settled)
        self._redaction = Redaction(secrets)
        self._log = Log(plan.log, self._redaction) if plan.log else None

    def execute(self, **options: Any) -> NotebookNode:
        """Start the kernel, run the cells, and end the kernel.

        Unlike papermill's it asks nothing of a kernel that is busy or dead.
        """
        self.reset_execution_trackers()
        try:
            with self.setup_kernel(**options):
                self._execute(options["env"])
        except DeadKernelError:
            self._check()
            self._lost()
        return self.nb

    def _execute(self, environment: Mapping[str, str]) -> None:
        self._prepare(environment)
        with self._watched(), kernels.held_to(environment, self.km.provisioner):
            self.papermill_execute_cells()
        self.set_widgets_metadata()
        if self._answers:
            self.nb.metadata["language_info"] = self._language()
            self._end_kernel()

    async def async_start_new_kernel(self, **options: Any) -> None:
        """Start the kernel's process; called by nbclient.

        Raises
        ------
        BadNotebook
            The system cannot.
        """
        try:
            await super().async_start_new_kernel(**options)
        except OSError as error:
            raise BadNotebook(
                f"The kernel {self.km.kernel_name!r} does not start: {error}",
                fix="Install it again, or choose another in JupyterLab and save the notebook.",
            ) from error

    start_new_kernel = run_sync(async_start_new_kernel)

    async def async_start_new_kernel_client(self) -> Any:
        """Connect to the kernel once it answers; called by nbclient.

        Raises
        ------
        DeadKernelError
            It never does; jupyter_client has no error of its own for that.
        """
        try:
            return await super().async_start_new_kernel_client()
        except RuntimeError as error:
            raise DeadKernelError(str(error)) from error

    start_new_kernel_client = run_sync(async_start_new_kernel_client)

    def _language(self) -> dict[str, Any]:
        """Return the language of the notebook, as its kernel says it."""
        if not kernels.loads_labline(self.km):
            return dict(run_sync(self.kc.language)())
        from ipykernel.ipkernel import IPythonKernel

        # It is of this environment: no need to ask.
        return deepcopy(IPythonKernel.language_info)

    async def _async_end_kernel(self) -> None:
        """End the kernel, which is idle; nbclient interrupts it first, which it may complain of."""
        await self.km.request_shutdown()
        await self.km.finish_shutdown()

    _end_kernel = run_sync(_async_end_kernel)

    def _watched(self) -> AbstractContextManager[Any]:
        """Watch the memory of the kernel's processes, if there is a limit."""
        pid = getattr(self.km.provisioner, "pid", None)
        if self._plan.memory and pid:
            self._ceiling = Ceiling(pid, self._plan.memory)
        return self._ceiling or nullcontext()

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
        for index, cell in enumerate(self.nb.cells):
            self._check()
            self._tell_begin(index, cell)
            if not self._run(index, cell):
                break
        self._on_progress(*self.progress, None)
        self._redaction.notebook(self.nb)

    def _tell_begin(self, index: int, cell: NotebookNode) -> None:
        if _runs(cell):
            name = notebooks.cell_name(self.nb, index)
            if self._log:
                self._log.begin(index + 1, name)
            self._on_progress(*self.progress, RunningCell(index + 1, name, time.time()))

    def _prepare(self, environment: Mapping[str, str]) -> None:
        """Let labline record and find modules; a kernel of this environment has seen to it."""
        if kernels.loads_labline(self.km):
            return
        self._silently(_LOAD, "labline was not loaded in the kernel")
        if MODULES in environment:
            # The kernel may be without labline.
            self._silently(_MODULES, "local modules are those that lie there now")

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
        self._room.clear()
        try:
            self.execute_cell(cell, index)
        except CellExecutionError:
            self._check()
            return self._raised(index, *raised(self.nb.cells[index]))
        except CellTimeoutError:
            most = f"{self._plan.timeout:g} s for all cells"
            return self._ended(index, TIME, f"was killed: over {most}")
        except DeadKernelError:
            if self._flow.cancelled:
                self._ended(index, CANCELLED, "was killed: it did not end when interrupted")
            self._check()
            return self._ended(index, *self._death())
        finally:
            self._complete(index)
        if _runs(cell):
            self.progress = (self.progress[0] + 1, self.progress[1])
        return True

    def _complete(self, index: int) -> None:
        cell = self.nb.cells[index]
        if "outputs" in cell:
            cell.outputs = joined(cell.outputs)
        if note := self._room.note():
            cell.outputs.append(note)
            self._show("stream", note)
        if self._log:
            self._log.end()
        self.nb_man.cell_complete(cell, cell_index=index)

    def _raised(self, index: int, kind: str, text: str) -> bool:
        if kind == "SystemExit" and text in ("", "0", "None"):
            # As papermill has it: a notebook may end itself early, and well.
            return False
        return self._failed(index, kind, f"raised {kind}: {self._redaction.text(text)[:_LONGEST]}")

    def _ended(self, index: int, kind: str, what: str) -> bool:
        """Take note that the kernel is no more; the cell itself could not say so."""
        from nbformat.v4 import new_output

        self.shutdown_kernel = "immediate"
        shown = new_output("error", ename=kind, evalue=what, traceback=[f"The cell {what}."])
        self._show("error", shown)
        self.nb.cells[index].outputs.append(shown)
        return self._failed(index, kind, what)

    def _lost(self) -> None:
        """Take note that the kernel died between cells, where no cell can show it."""
        if self.failure is None:
            when = "After the last cell" if self.progress[0] else "Before the first cell"
            self.failure = CellFailed(f"{when}, {_fate(self._exit)}", cell=None, exception=DEAD)

    def _death(self) -> tuple[str, str]:
        if self._ceiling and self._ceiling.exceeded and self._plan.memory:
            return MEMORY, f"was killed: over {amount(self._plan.memory)} of memory"
        return DEAD, f"ended with its kernel: {_fate(self._exit)}"

    def _failed(self, index: int, kind: str, what: str) -> bool:
        self.nb_man.cell_exception(self.nb.cells[index], cell_index=index)
        self.failure = CellFailed(
            f"Cell {index + 1} {what}", fix=_FIXES.get(kind, ""), cell=index + 1, exception=kind
        )
        return False

    def _check(self) -> None:
        if self._flow.stopping.is_set():
            if not self._flow.cancelled:
                self.shutdown_kernel = "immediate"
            raise Interrupted

    def _left(self, _: NotebookNode) -> float | None:
        return None if self._deadline is None else max(0.1, self._deadline - time.monotonic())

    async def _async_poll_kernel_alive(self) -> None:
        """Break the running cell off when the kernel dies or the run is stopped.

        nbclient's own looks once a second, and at the kernel only.
        """
        while not self._flow.stopping.is_set() and await self.km.is_alive():
            if self._log:
                self._log.tick()
            self._settle()
            await asyncio.sleep(_LOOK)
        if self._flow.cancelled:
            await self._interrupt()
        elif not self._flow.stopping.is_set():
            self._exit = await self.km.provisioner.poll()
        if self.task_poll_for_reply is not None:
            self.task_poll_for_reply.cancel()

    async def _interrupt(self) -> None:
        """Have the running cell end itself; nbclient breaks this off as soon as it has."""
        # Twice: the first is lost where the kernel had not come to the cell yet.
        for _ in range(2):
            await self.km.interrupt_kernel()
            await asyncio.sleep(self._plan.grace / 2)

    async def _async_check_alive(self) -> None:
        """Return if the kernel lives and may; nbclient asks so while it waits between cells."""
        self._exit = await self.km.provisioner.poll()
        if self._flow.stopping.is_set() or self._exit is not None:
            raise DeadKernelError(_fate(self._exit))

    def process_message(self, msg: dict[str, Any], *args: Any) -> NotebookNode | None:
        """Take a message of the kernel, if there is room for it; called by nbclient for each."""
        if not self._room.admit(msg):
            return None
        self._show(msg["msg_type"], msg["content"])
        taken: NotebookNode | None = super().process_message(msg, *args)
        return taken

    def _show(self, kind: str, content: Any) -> None:
        if self._log:
            self._log.message(kind, content)

    def output(self, *args: Any) -> NotebookNode | None:
        """Take what a cell shows; called by nbclient for each output."""
        shown: NotebookNode | None = super().output(*args)
        if shown:
            self._redaction.output(shown)
        return shown


_FIXES = {
    MEMORY: "Give it more: --memory 8GiB, or memory under [jobs] in labline.toml.",
    TIME: "Give it more: --timeout 4h, or timeout under [jobs] in labline.toml.",
}


def _fate(code: int | None) -> str:
    """Return how a process ended, in words."""
    if code is None:
        return "the kernel died"
    if code >= 0:
        return f"the kernel ended itself with exit code {code}, as os._exit does"
    if code == -signal.SIGKILL:
        return "the kernel was killed from outside (SIGKILL); was memory enough?"
    known = code in {-one for one in signal.Signals}
    return f"the kernel crashed ({signal.Signals(-code).name if known else f'signal {-code}'})"


def _runs(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and bool(cell.source.strip())


def _settled() -> None:
    """Have nothing left to write."""


def _ignore(done: int, of: int, cell: RunningCell | None) -> None:
    """Be told of progress by nobody who cares."""
