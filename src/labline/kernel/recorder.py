"""The recorder: hooks on IPython's cells, and the lifetime of a recording."""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from labline.cards import Card, Carded, Tone, told
from labline.errors import LablineError, Refused
from labline.kernel import notebook as notebooks
from labline.kernel.identity import Identity
from labline.kernel.outputs import Outputs
from labline.kernel.publishing import Ended
from labline.kernel.recording import Recording, open_recording

#: environment variable: whoever runs the notebook publishes what is recorded, MLflow at hand
DRIVEN = "LABLINE_DRIVEN"
_REMEMBERED = 2000
_LONGEST_ERROR = 2000


class AlreadyRecording(Refused):
    """A recording is on already."""


@dataclass(frozen=True)
class RecordingStatus(Carded):
    """Whether and what this kernel records."""

    active: bool
    #: id of the recording, or of the last one
    recording: str = ""
    experiment: str = ""
    name: str = ""
    #: the run, as far as it is known: a job's from the start, else once it is published
    run_id: str | None = None
    notebook: str | None = None
    started: float | None = None
    #: cell executions so far
    cells: int = 0
    #: what the user should know
    message: str = ""

    def card(self) -> Card:
        """Return how a notebook shows it."""
        facts = told(
            ("experiment", self.experiment),
            ("name", self.name),
            ("run", self.run_id),
            ("notebook", self.notebook),
            ("cells", self.cells or None),
        )
        hint = [] if self.active or self.recording else ["Start with %record on, or %%record."]
        notes = [self.message] if self.message else hint
        tone: Tone = "good" if self.active else "open"
        return Card("Recording", "on" if self.active else "off", tone, facts, notes)


@dataclass(frozen=True)
class _Cell:
    source: str
    cell_id: str
    started: float
    clock: float


class Recorder:
    """Records the cells of one IPython shell, whenever a recording is on.

    Parameters
    ----------
    shell
        The shell; its ``pre_run_cell`` and ``post_run_cell`` events are used.
    """

    def __init__(self, shell: Any) -> None:
        self.shell = shell
        self.recording: Recording | None = None
        #: called with every recording's end that no magic waits for
        self.on_end: Callable[[Ended], None] | None = None
        self._status = RecordingStatus(active=False)
        self._running: list[_Cell] = []
        self._session: deque[dict[str, Any]] = deque(maxlen=_REMEMBERED)
        self._installed = _Cell("", "", time.time(), time.perf_counter())
        self._has_begun = False
        self._only_cell = False
        self._last_failed = False
        self._lock = threading.RLock()
        self._process = os.getpid()
        # Not for kernels that this one's cells start.
        self._is_driven = bool(os.environ.pop(DRIVEN, ""))
        self._outputs = Outputs(shell)
        #: the notebooks that front ends show on this kernel
        self.identity = Identity(self)
        self.identity.register()
        shell.events.register("pre_run_cell", self._before)
        shell.events.register("post_run_cell", self._after)
        if shell.has_trait("exit_now"):
            shell.observe(self._leaving, "exit_now")
        atexit.register(self._at_exit)

    def uninstall(self) -> None:
        """End what is recorded and unhook."""
        self.finish()
        self.shell.events.unregister("pre_run_cell", self._before)
        self.shell.events.unregister("post_run_cell", self._after)
        self._outputs.close()
        atexit.unregister(self._at_exit)

    def locate(self, named: str | None = None) -> Path | None:
        """Return the notebook whose cell runs; see :func:`labline.kernel.notebook.locate`."""
        running = self._running[0].cell_id if self._running else ""
        return notebooks.locate(named, self.shell.user_ns, self.identity.path(running))

    # -- a recording's lifetime --------------------------------------------------------------

    @property
    def status(self) -> RecordingStatus:
        """What is recorded now, or was last."""
        live = self.recording
        if live is None:
            return self._status
        return replace(self._status, cells=live.executions, name=live.name, notebook=live.notebook)

    def start(
        self,
        *,
        experiment: str = "",
        name: str = "",
        notebook: str | None = None,
        only_cell: bool = False,
    ) -> RecordingStatus:
        """Start recording, or join what is recorded already; the present cell is part of it.

        Parameters
        ----------
        only_cell
            End with the present cell.

        Raises
        ------
        AlreadyRecording
            Into another experiment or under another name.
        """
        live = self.recording
        if live is None:
            if joined := self.attach():
                return joined
            self._only_cell = only_cell
            return self._open(experiment, name, notebook, run_id=None)
        other = (experiment and experiment != live.experiment) or (name and name != live.name)
        if other and not live.attached:
            raise AlreadyRecording(
                f"A recording into {live.experiment!r} is on already.",
                fix="End it first: %record off",
            )
        return self.status

    def attach(self) -> RecordingStatus | None:
        """Record into the run that ``LABLINE_RUN_ID`` names; a second call changes nothing."""
        run_id = os.environ.get("LABLINE_RUN_ID")
        if not run_id:
            return None
        if self.recording is None:
            return self._open(os.environ.get("LABLINE_EXPERIMENT", ""), "", None, run_id=run_id)
        return self.status

    def stop(self, status: str = "FINISHED") -> Ended | None:
        """End the recording and publish it; ``None`` where nothing is recorded.

        What is recorded into a job's run goes on: the job ends it.
        """
        with self._lock:
            live = self.recording
            if live is None or live.attached:
                return None
            return self._close(live, status)

    def finish(self) -> Ended | None:
        """End the recording, a job's too; see :func:`labline.kernel.finish`."""
        with self._lock:
            if self.recording is None:
                return None
            if self._is_driven:
                self._at_exit()
                return None
            return self._close(self.recording, "FAILED" if self._last_failed else "FINISHED")

    def put(self, event: dict[str, Any]) -> None:
        """Add an event to the recording that is on."""
        if self.recording is not None:
            self.recording.put(event)

    def _open(
        self, experiment: str, name: str, notebook: str | None, run_id: str | None
    ) -> RecordingStatus:
        from labline.settings import Settings

        path = self.locate(notebook)
        settings = Settings.load(os.environ.get("LABLINE_ROOT"))
        name = name or (path.stem if path and not run_id else "")
        self.recording = live = open_recording(
            settings,
            experiment=experiment or settings.project.name,
            name=name,
            run_id=run_id,
            notebook=path,
            earlier=list(self._session),
        )
        self._last_failed = False
        self._status = RecordingStatus(
            active=True,
            recording=live.id,
            experiment=live.experiment,
            name=name,
            run_id=run_id,
            notebook=live.notebook,
            started=live.started,
        )
        self.identity.push()
        return self.status

    def _close(self, live: Recording, status: str) -> Ended:
        self.recording = None
        try:
            live.close(status, with_cell=self._only_cell)
        except LablineError as error:
            ended = Ended(live.id, problem=error)
        else:
            # Who started the job has MLflow at hand already; importing it takes seconds.
            ended = Ended(live.id) if live.attached else live.publishing.end(live.journal.path)
        self._status = replace(
            self._status,
            active=False,
            cells=live.executions,
            name=live.name,
            notebook=live.notebook,
            run_id=ended.run.id if ended.run else self._status.run_id,
            message=ended.message,
        )
        self.identity.push()
        return ended

    # -- cells -------------------------------------------------------------------------------

    def _before(self, info: Any) -> None:
        self._has_begun = True
        if not self._running:
            self._outputs.mark()
            if self.recording is not None:
                self.recording.begin_cell(info.raw_cell)
        cell_id = getattr(info, "cell_id", None) or ""
        self._running.append(_Cell(info.raw_cell, cell_id, time.time(), time.perf_counter()))

    def _after(self, result: Any) -> None:
        end = time.perf_counter()
        cell = self._ended(result)
        if cell is None or self._running:
            # Blank, or run by another cell.
            return
        error = _error(result)
        self._last_failed = bool(error)
        outcome = "error" if error else "ok"
        facts = {"source": cell.source, "outcome": outcome, "cell_id": cell.cell_id}
        if self.recording is not None:
            measured = {
                "started": cell.started,
                "duration": end - cell.clock,
                "error": error,
                "peak_memory": _peak_memory(),
            }
            self.recording.end_cell({**facts, **measured}, self._outputs.taken())
        self._session.append(facts)
        if self.recording is not None and self._only_cell:
            self._end_with_cell()

    def _ended(self, result: Any) -> _Cell | None:
        info = getattr(result, "info", None)
        source = getattr(info, "raw_cell", "") or ""
        if self._running:
            return self._running.pop() if source.strip() or info is None else None
        if self._has_begun or not source.strip():
            return None
        # The cell that loaded the extension had begun before there was a recorder.
        self._has_begun = True
        cell_id = getattr(info, "cell_id", None) or ""
        return replace(self._installed, source=source, cell_id=cell_id)

    def _end_with_cell(self) -> None:
        ended = self.stop("FAILED" if self._last_failed else "FINISHED")
        if ended is not None and self.on_end is not None:
            self.on_end(ended)

    # -- the kernel's end --------------------------------------------------------------------

    def _leaving(self, change: Any) -> None:
        # ipykernel says so in its control thread and stops the main loop a moment later. The work
        # is the main thread's: after its end the interpreter lets MLflow start no threads.
        kernel = getattr(self.shell, "kernel", None)
        loop = getattr(kernel, "io_loop", None)
        if change["new"] and self.recording is not None and loop is not None:
            loop.add_callback(self.finish)

    def _at_exit(self) -> None:
        live, self.recording = self.recording, None
        if live is None or os.getpid() != self._process:
            return
        with contextlib.suppress(LablineError):
            live.close("FAILED" if self._last_failed else "FINISHED")
            if not live.attached and not self._is_driven:
                live.publishing.elsewhere()


def _error(result: Any) -> str:
    before = getattr(result, "error_before_exec", None)
    error = before if before is not None else getattr(result, "error_in_exec", None)
    if error is None:
        return ""
    try:
        return f"{type(error).__name__}: {error}"[:_LONGEST_ERROR]
    except Exception:  # noqa: BLE001 - anybody's __str__
        return type(error).__name__


def _peak_memory() -> int:
    """Return the highest resident memory of this process so far, bytes."""
    if sys.platform == "linux":
        # ru_maxrss is inherited over fork and exec: a small child of a large process seems large.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return 1024 * int(status.partition("VmHWM:")[2].split(maxsplit=1)[0])
    elif sys.platform == "win32":  # noqa: RET505 - mypy knows what is reachable this way only
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    else:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else peak * 1024
