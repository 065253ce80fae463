"""End what hangs, so that it is started again: a process that does not answer is none.

Looked after are those that answered once since they came up: a model may take its time to load.
Only silence counts, not who refuses, and for longer than any request may take, so that nothing
is ended that still works on one.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from labline.deployment import processes, web
from labline.deployment.places import Places
from labline.deployment.upstreams import port_of_socket

logger = logging.getLogger(__name__)


@dataclass
class Hangs:
    """The gateway of one project, and those of its instances that have a socket."""

    places: Places
    #: seconds without an answer after which a process hangs
    limit: float
    clock: Callable[[], float] = time.monotonic
    #: socket of what answered once -> since when it is silent; None: it answers
    _silent: dict[Path, float | None] = field(default_factory=dict, init=False)

    def look(self) -> None:
        """Ask each whether it lives, and end what has not answered for too long."""
        for path in self._sockets():
            answers = web.answers(path, "/ready" if path == self.places.admin else "/livez")
            if answers is None:
                self._silent.pop(path, None)
            elif answers:
                self._silent[path] = None
            elif path in self._silent and self._silence(path) > self.limit:
                self._end(path)

    def _sockets(self) -> list[Path]:
        return [self.places.admin, *sorted(self.places.sockets.glob("*.sock"))]

    def _silence(self, path: Path) -> float:
        # Not since it answered: who looks may have been stopped meanwhile.
        since, now = self._silent[path], self.clock()
        if since is None:
            self._silent[path] = since = now
        return now - since

    def _end(self, path: Path) -> None:
        del self._silent[path]
        for process in self._behind(path):
            what = "%s (pid %s) has not answered for %.0f s: it is ended and started again"
            logger.warning(what, path.name, process.pid, self.limit)
            processes.end([process], grace=0)

    def _behind(self, path: Path) -> Iterable[psutil.Process]:
        identity = self.places.identity
        if path == self.places.admin:
            return processes.marked(processes.mark(identity, "gateway"))
        port = port_of_socket(path)
        releases = processes.marked(processes.mark(identity, "release-").removesuffix(":"))
        return [each for each in releases if processes.listens(each.pid, port)]
