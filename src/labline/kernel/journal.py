"""The journal: what a recording captured, on disk before anything else happens to it.

One file a recording, ``recordings/ID.jsonl``; one event a line, each line complete in itself. A
thread of its own redacts, writes and syncs, so that a cell only pays for a place in a queue. How
the lines are read and applied to MLflow is :mod:`labline.tracking.recording`.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from labline.errors import Failed

Event = Mapping[str, Any]
_log = logging.getLogger(__name__)


class NotWritten(Failed):
    """The recording could not be written."""


class _Flushed:
    """A place in the queue that tells when everything before it is on disk."""

    def __init__(self, last: bool) -> None:
        self.last = last
        self.done = threading.Event()


class Journal:
    """An append-only journal with its writer thread.

    Parameters
    ----------
    path
        File to append to; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.error: Exception | None = None
        self._queue: SimpleQueue[tuple[float, Event | Callable[[], Event | None]] | _Flushed]
        self._queue = SimpleQueue()
        self._number = 0
        self._unwritten: list[str] = []
        self._closed = False
        path.parent.mkdir(parents=True, exist_ok=True)
        # The file exists from here on, so that a full disk or a missing right is told at once.
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._thread = threading.Thread(target=self._write, name="labline-journal", daemon=True)
        self._thread.start()

    def put(self, event: Event | Callable[[], Event | None]) -> None:
        """Queue an event, or a call that makes one; the call runs in the writer's thread."""
        self._queue.put((time.time(), event))

    def flush(self, timeout: float | None = 30.0) -> None:
        """Return when everything queued so far is on disk.

        Raises
        ------
        NotWritten
            It is not.
        """
        self._wait(last=False, timeout=timeout)

    def close(self, timeout: float | None = 30.0) -> None:
        """Flush and end the writer; a second call does nothing."""
        if not self._closed:
            self._closed = True
            self._wait(last=True, timeout=timeout)

    def _wait(self, *, last: bool, timeout: float | None) -> None:
        mark = _Flushed(last)
        self._queue.put(mark)
        written = mark.done.wait(timeout)
        if self.error or not written:
            raise NotWritten(
                f"The recording {self.path.name} could not be written: "
                f"{self.error or 'the disk does not answer'}",
                fix=f"Make room or give the right to write in {self.path.parent}.",
            ) from self.error

    # -- the writer's thread -----------------------------------------------------------------

    def _write(self) -> None:
        while True:
            batch = [self._queue.get()]
            while not self._queue.empty():
                batch.append(self._queue.get())
            for item in batch:
                if not isinstance(item, _Flushed):
                    self._take(*item)
                    continue
                self._sync()
                item.done.set()
                if item.last:
                    os.close(self._descriptor)
                    return
            self._sync()

    def _take(self, at: float, event: Event | Callable[[], Event | None]) -> None:
        from labline.kernel.redaction import redact_all

        made = _made(event)
        if made is not None:
            self._number += 1
            line = {"n": self._number, "at": at, **redact_all(made)}
            self._unwritten.append(json.dumps(line, default=str))

    def _sync(self) -> None:
        """Write what is not written; where that fails it stays for the next time."""
        if not self._unwritten:
            return
        # After a failure the file may end in half a line, which must not swallow the next.
        data = ("\n" * bool(self.error) + "".join(f"{line}\n" for line in self._unwritten)).encode()
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
            os.fsync(self._descriptor)
        except OSError as error:
            self.error = error
            _log.warning("%s could not be written: %s", self.path, error)
        else:
            self.error = None
            self._unwritten.clear()


def _made(event: Event | Callable[[], Event | None]) -> Event | None:
    if not callable(event):
        return event
    try:
        return event()
    except Exception:  # noqa: BLE001
        # The rest of the recording is worth more than this one line.
        _log.warning("labline could not capture part of the recording", exc_info=True)
        return None
