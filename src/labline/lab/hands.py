"""Somebody to do queued work: the platform's worker, or one borrowed for the occasion."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from labline.errors import Failed, Interruption

if TYPE_CHECKING:
    from labline.lab.service import Lab

#: seconds that a borrowed worker stays when there is nothing left to do
IDLE = 2.0
_LINES = 20


class Hands:
    """See that a worker is there while somebody waits for queued work.

    A borrowed worker is a process of its own: it finishes what it began even if the command that
    borrowed it is interrupted, and ends by itself when nothing is left to do.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._log = lab.settings.folder("logs") / "borrowed-worker.log"
        self._process: subprocess.Popen[bytes] | None = None

    def ensure(self) -> None:
        """Start a worker if none is alive.

        Raises
        ------
        Failed
            The borrowed worker cannot run; its last lines are in the message.
        """
        if self._process and self._process.poll() is None:
            return
        if self._process and self._process.returncode:
            raise self._failed(self._process.returncode)
        if not self._lab.workflows.has_worker():
            self._process = self._start()

    def dismiss(self) -> None:
        """End the borrowed worker, unless it has found other work in the meantime."""
        if self._process and not self._lab.workflows.busy():
            self._process.terminate()
            self._process.wait()
            if self._lab.workflows.busy() and not self._lab.workflows.has_worker():
                # Somebody counted on it while it was being ended.
                self._process = self._start()

    def see_off(self) -> None:
        """Wait until the borrowed worker, if there is one, has ended by itself."""
        if self._process:
            self._process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as stream:
            return subprocess.Popen(
                [sys.executable, "-m", "labline", "worker", "--idle", str(IDLE)],
                cwd=self._lab.settings.root,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _failed(self, code: int) -> Failed:
        tail = "\n".join(self._log.read_text(errors="replace").splitlines()[-_LINES:])
        return Failed(
            f"The worker ended with {code} before the work was done:\n{tail}",
            fix=f"The work stays queued. The whole log is {self._log}.",
        )


@contextmanager
def at_work(lab: Lab, see: str) -> Iterator[Hands]:
    """See that a worker is there within the block; start one where none is.

    Parameters
    ----------
    see
        Where whoever stops waiting sees what becomes of the work.

    Raises
    ------
    Interruption
        Somebody stopped waiting. The worker goes on.
    """
    worker = Hands(lab)
    worker.ensure()
    try:
        yield worker
    except KeyboardInterrupt as stop:
        raise Interruption("Interrupted: what was asked for goes on.", fix=see) from stop
    worker.dismiss()
