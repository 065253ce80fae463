"""A spare that is no fork: started cold, before anyone asked for it, by who starts kernels.

It is a child of the process that keeps it (:mod:`~labline.kernel.warm.keeper`), from which it
hears over its stdin, and ends with that process at once, whatever it is at. Its stdout and stderr
are a file until it is a kernel.

===================================  ===========================================================
it says                              when
===================================  ===========================================================
``{"importing": M, "packages": P}``  before it imports a module ahead; P names what is installed
``{"unfit": M, "reason": R, ...}``   that did harm; it ends
``{"waiting": PID}``                 it can be told the job; on Windows Python may be a child
                                     of what was started
``{"stale": true}``                  to a job: installed packages changed; it ends
``{"refused": R}``                   to a job: not this one; it goes on waiting
``{"ready": true}``                  to a job: it is the kernel
===================================  ===========================================================
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labline.kernel.warm import handles
from labline.kernel.warm.source import Source

_TICK = 1.0
# What tells ipykernel on Windows of its parent; the numbers are this process's own.
_OWN_VARIABLES = ("JPY_PARENT_PID", "JPY_INTERRUPT_EVENT", "IPY_INTERRUPT_EVENT")


@dataclass(frozen=True)
class Options:
    """What a prestarted spare is told at its start."""

    #: module that the kernel runs
    module: str
    #: the project
    root: str
    #: whether its sockets can be made ahead: files that are not encrypted
    binds: bool


def run(text: str) -> None:
    """Be a spare, then a kernel, until that is shut down."""
    options = Options(**json.loads(text))
    keeper = Keeper(binds=options.binds)
    # Whatever follows may take long, and must not outlive the keeper.
    keeper.begin()
    from labline.kernel.warm import ahead, imports, streams
    from labline.kernel.warm.application import run_kernel
    from labline.kernel.warm.fingerprint import Fingerprint

    streams.install()
    keeper.fingerprint = fingerprint = Fingerprint()
    root = Path(options.root)
    ahead.import_what_all_need(options.module)
    learned = imports.read(root)
    wanted = learned.wanted(fingerprint.digest)
    ahead.import_learned(root, wanted, ahead.harm_of_importing, keeper.report)
    fingerprint.take_in_own_code()
    known = frozenset({*sys.modules, *learned.modules, *learned.unfit})
    run_kernel(options.module, keeper, root, known)


class Keeper(Source):
    """The process that keeps this one, as this one sees it.

    Lifecycle: :func:`run` calls :meth:`begin` first of all; the rest is that of any source.
    """

    #: what was installed before the first import
    fingerprint: Any

    def __init__(self, *, binds: bool) -> None:
        self.binds = binds
        self.environment = frozenset(os.environ)
        self._connection = handles.from_stdin()
        # Not who is the parent now: the keeper may be gone already.
        self._parent = int(os.environ["JPY_PARENT_PID"])
        self._jobs: queue.SimpleQueue[tuple[dict[str, Any], list[int]]] = queue.SimpleQueue()
        self._sockets = ""

    def begin(self) -> None:
        """Listen from now on, and end this process when the keeper is gone."""
        threading.Thread(target=self._listen, name="labline-owner-watch", daemon=True).start()

    def report(self, message: dict[str, Any]) -> None:
        """Say what is imported, and among which packages."""
        self.say({**message, "packages": self.fingerprint.digest})

    def hear(self) -> tuple[Mapping[str, Any], Sequence[int]]:
        """Say that it waits, and wait for a job that it can do."""
        from labline.kernel.warm import imports

        self.say({"waiting": os.getpid()})
        while True:
            job, descriptors = self._jobs.get()
            if self.fingerprint.is_stale():
                self.say({"stale": True})
                self._end(0)
            hidden = imports.hidden_by(Path(job["cwd"]))
            if not hidden:
                own = {name: os.environ[name] for name in _OWN_VARIABLES if name in os.environ}
                return {**job, "environment": {**job["environment"], **own}}, descriptors
            for descriptor in descriptors:
                os.close(descriptor)
            self.say({"refused": f"{hidden!r} in {job['cwd']} hides a module"})

    def watch(self, sockets: str, descriptors: Sequence[int]) -> threading.Thread | None:
        """Take note of the sockets: it is watched from the beginning."""
        self._sockets = sockets
        if sys.platform == "win32":
            # Interrupts come by an event there.
            from ipykernel.parentpoller import ParentPollerWindows

            parent, event = (int(os.environ.get(name) or 0) for name in _OWN_VARIABLES[:2])
            return ParentPollerWindows(event, parent)
        return None

    def say(self, message: Mapping[str, Any]) -> None:
        """Send the keeper a message."""
        self._connection.send_bytes(json.dumps(message).encode())

    def _listen(self) -> None:
        try:
            while True:
                # Not only the end of the connection counts: a fork of the keeper has it too.
                while not self._connection.poll(_TICK):
                    if os.name == "posix" and os.getppid() != self._parent:
                        raise EOFError
                job = json.loads(self._connection.recv_bytes())
                self._jobs.put((job, handles.receive(self._connection, 2)))
        finally:
            self._end(1)

    def _end(self, code: int) -> None:
        from labline.kernel.warm import places

        if self.binds:
            own = str(places.folder() / f"s-{os.getpid()}")
            for prefix in filter(None, (own, self._sockets)):
                places.unlink_sockets(prefix)
        os._exit(code)
