"""Publish recordings from inside the kernel: at their end, and while they run where it is cheap."""

from __future__ import annotations

import contextlib
import sys
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from labline.errors import Failed, LablineError, Unreachable
from labline.kernel.journal import NotWritten

if TYPE_CHECKING:
    from labline.records import Run
    from labline.settings import Settings
    from labline.tracking import Tracking

_PAUSE = 2.0
_LONGEST_PAUSE = 120.0
_LONGEST_ROUND = 10.0
LATER = "`labline runs publish` does it now."


class NotPublished(Failed):
    """The recording is safe on disk but could not be published."""


@dataclass(frozen=True)
class Ended:
    """How a recording came to its end."""

    recording: str
    #: the published run, ``None`` while it is only on disk
    run: Run | None = None
    #: why it is only on disk
    problem: LablineError | None = None

    @property
    def message(self) -> str:
        """One line for the user."""
        if self.problem is None:
            return f"Recorded as run {self.run.name or self.run.id}." if self.run else ""
        if isinstance(self.problem, NotWritten):
            return str(self.problem)
        if isinstance(self.problem, Unreachable):
            return (
                f"Recorded locally; will be published when the tracking server is back; {LATER} "
                f"({self.problem.message})"
            )
        return f"Recorded locally, not published: {self.problem.message} {LATER}"


class Publishing:
    """The way from one project's journals to its MLflow."""

    def __init__(self, settings: Settings) -> None:
        self.folder = settings.folder("recordings")
        self.root = settings.root
        #: whether fits are noted
        self.autolog = settings.recording.autolog
        self._settings = settings

    @cached_property
    def tracking(self) -> Tracking:
        """The project's tracking server."""
        from labline.tracking import Tracking

        return Tracking(self._settings.mlflow_uri, self._settings.folder("artifacts"))

    def end(self, journal: Path) -> Ended:
        """Publish a journal, then what others left; never raises."""
        from labline.tracking.publisher import publish, publish_all

        recording = journal.stem
        try:
            run = publish(journal, self.tracking)
        except LablineError as error:
            return Ended(recording, problem=error)
        except Exception as error:  # noqa: BLE001 - the journal is on disk: nothing is lost
            problem = NotPublished(f"{type(error).__name__}: {error}")
            problem.__cause__ = error
            return Ended(recording, problem=problem)
        with contextlib.suppress(Exception):
            publish_all(self.folder, self.tracking)
        return Ended(recording, run=run)

    def elsewhere(self) -> None:
        """Publish in a process of its own.

        An interpreter on its way out starts no threads any more, which MLflow's uploads need.
        """
        import subprocess

        program = "import sys; from labline.kernel.publishing import main; main(sys.argv[1])"
        command = [sys.executable, "-c", program, str(self.root)]
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(command, check=False, timeout=60, stdin=subprocess.DEVNULL)


class Courier:
    """Publish a running recording now and then, so that its metrics are seen before it ends.

    Only where the notebook itself has imported MLflow: importing it behind the user's back would
    hold up the user's own imports.
    """

    def __init__(self, publishing: Publishing, journal: Path) -> None:
        self._publishing = publishing
        self._journal = journal
        self._news = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def nudge(self) -> None:
        """Tell that there is something new; costs nothing."""
        if not _ready("mlflow"):
            return
        self._news.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="labline-courier", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Let the present round end, start no other."""
        self._stop.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(timeout=_LONGEST_ROUND)

    def _run(self) -> None:
        from labline.tracking.publisher import publish

        pause = _PAUSE
        while self._news.wait() and not self._stop.wait(pause):
            self._news.clear()
            try:
                publish(self._journal, self._publishing.tracking)
                pause = _PAUSE
            except Exception:  # noqa: BLE001 - the end of the recording tries again, and tells
                pause = min(4 * pause, _LONGEST_PAUSE)
                self._news.set()


def _ready(module: str) -> bool:
    loaded = sys.modules.get(module)
    return loaded is not None and not getattr(loaded.__spec__, "_initializing", False)


def main(root: Path | str) -> None:
    """Publish what the project at `root` has not published; leave what cannot be."""
    from labline.settings import Settings
    from labline.tracking.publisher import publish_all

    publishing = Publishing(Settings.load(root))
    with contextlib.suppress(LablineError):
        publish_all(publishing.folder, publishing.tracking)
