"""circus's arbiter and watcher, adapted; loaded by the daemon only.

kantoku's arbiter ends itself when any watcher has no process, and its commands exclude each other
while one process is being stopped. Both would make one bad release everybody's outage.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import IO, Any

import psutil
from circus.arbiter import Arbiter
from circus.commands.base import Command
from circus.exc import AlreadyExist
from circus.stream import FileStream
from circus.watcher import Watcher
from tornado import gen

from labline.deployment.backoff import STEADY, Restarts
from labline.deployment.places import Places
from labline.deployment.processes import MARK, end, mark, marked

logger = logging.getLogger(__name__)

_LOG_BYTES = 5 * 2**20
_LOGS_KEPT = 3
#: of what a dead process has left in its pipe, which holds as much as one of them
_READS = 4


class Report(Command):  # type: ignore[misc]
    """Tell how every watched process is."""

    name = "report"

    def execute(self, arbiter: Supervisor, _: dict[str, Any]) -> dict[str, Any]:
        """Answer the command; circus calls this."""
        return {"watched": {each.name: each.report() for each in arbiter.watchers}}


class Supervisor(Arbiter):  # type: ignore[misc]
    """All watched processes of one project."""

    def __init__(
        self, places: Places, chores: Sequence[Callable[[], object]], **options: Any
    ) -> None:
        control = f"ipc://{places.control}"
        places.control.unlink(missing_ok=True)
        super().__init__([], control, "inproc://events", proc_name="labline", **options)
        self.places = places
        self._chores = chores
        self._busy: asyncio.Future[None] | None = None
        #: set when everything has been stopped
        self.ended = asyncio.Event()

    def notice(self) -> None:
        """Look after the processes now: one has ended."""
        self.loop.add_callback(self.manage_watchers)

    def add_watcher(self, name: str, cmd: str, **options: Any) -> Watcher:
        """Watch one more process; circus calls this for the command ``add``."""
        if name.lower() in self._watchers_names:
            raise AlreadyExist(f"{name!r} already exists")
        watcher = Watched(name, cmd, places=self.places, **options)
        watcher.initialize(self.evpub_socket, self.sockets, self)
        self.watchers.append(watcher)
        self._watchers_names[name.lower()] = watcher
        return watcher

    @gen.coroutine  # type: ignore[untyped-decorator, unused-ignore]
    def rm_watcher(self, name: str, nostop: bool = False) -> Any:
        """Stop one process and forget it; circus calls this for the command ``rm``."""
        watcher = self._watchers_names.pop(name.lower())
        self.watchers.remove(watcher)
        yield watcher._stop(True)
        self.note()

    @gen.coroutine  # type: ignore[untyped-decorator, unused-ignore]
    def manage_watchers(self) -> Any:
        """Start again what has ended; circus calls this on a timer."""
        if self._stopping:
            return
        self._do_chores()
        self.reap_processes()
        for watcher in list(self.watchers):
            try:
                yield watcher.manage_processes()
            except Exception:  # the others are none the worse for it
                logger.exception("%s cannot be looked after", watcher.name)

    def _do_chores(self) -> None:
        if self._busy and not self._busy.done():
            return  # the gateway takes its time
        self._busy = self.loop.run_in_executor(None, self._do_each)

    def _do_each(self) -> None:
        for chore in self._chores:
            try:
                chore()
            except Exception:  # a full disk, say: tried again
                logger.exception("%s failed", chore)

    def reload(self, **_: Any) -> None:
        """Do nothing: circus would restart everything on a hang-up of the terminal."""

    def stop_controller_and_close_sockets(self) -> None:
        """Close up; circus calls this when all processes have stopped."""
        super().stop_controller_and_close_sockets()
        self.places.processes.unlink(missing_ok=True)
        self.places.control.unlink(missing_ok=True)
        self.ended.set()

    def note(self) -> None:
        """Write down what runs, for whoever must clear up after a daemon that was killed."""
        found = {watcher.name: watcher.process() for watcher in self.watchers}
        running = {name: at for name, at in found.items() if at}
        # Whose they are: the folder may be copied.
        text = json.dumps({"project": self.places.identity, "running": running})
        path = self.places.processes
        scratch = path.with_suffix(".new")
        try:
            scratch.write_text(text)
            scratch.replace(path)
        except OSError as error:  # what runs is marked as well
            logger.warning("%s cannot be written: %s", path, error)


class Log(FileStream):  # type: ignore[misc]
    """What a process says, in a file. A full disk costs lines and nothing else."""

    _file: IO[str] | None

    def __call__(self, data: dict[str, Any]) -> None:
        """Write what was said; circus calls this."""
        try:
            super().__call__(data)
        except OSError:
            self.close()

    def open(self) -> None:
        """Do nothing: the file is opened when something is said; circus calls this."""

    def close(self) -> None:
        """Close the file; circus calls this when the process has ended."""
        file, self._file = self._file, None
        with suppress(OSError):  # what was not written yet
            if file:
                file.close()


class Watched(Watcher):  # type: ignore[misc]
    """One process that is kept running."""

    def __init__(self, name: str, cmd: str, *, places: Places, env: Any = None, **options: Any):
        log = Log(str(places.log(name)), max_bytes=_LOG_BYTES, backup_count=_LOGS_KEPT)
        super().__init__(name, shlex.quote(cmd), stdout_stream={"stream": log}, **options)
        # One stream for both: two would rotate the file under each other.
        self.stderr_stream = self.stdout_stream
        self.mark = mark(places.identity, name)
        # Not through the constructor: circus would put its PYTHONPATH on the daemon's own.
        self.env = {**os.environ, **(env or {}), MARK: self.mark}
        self.restarts = Restarts()
        self.exit_code: int | None = None
        self._started = 0.0
        self._not_before = 0.0

    def report(self) -> dict[str, Any]:
        """Return how the process is."""
        running = self.process()
        return {
            "pid": running[0] if running else None,
            "state": self._state(running),
            "restarts": self.restarts.count,
            "ends": self.restarts.ends,
            "exit_code": self.exit_code,
        }

    def _state(self, running: tuple[int, float] | None) -> str:
        if self.is_stopped():
            return "stopped"
        steady = running and time.monotonic() - self._started >= STEADY
        if self.restarts.looping and not steady:
            return "crash loop"
        return "running" if running else "restarting"

    def process(self) -> tuple[int, float] | None:
        """Return pid and creation time of the process, if there is one."""
        for pid in self.processes:
            try:
                return pid, psutil.Process(pid).create_time()
            except psutil.NoSuchProcess:
                continue
        return None

    def reap_process(self, pid: int, status: int | None = None) -> None:
        """Bury a process; circus calls this with its wait status."""
        if status is not None:
            self.exit_code = os.waitstatus_to_exitcode(status)
        if pid in self.processes and self.stream_redirector:
            self._hang_up(self.processes[pid])
        super().reap_process(pid, status)

    def _hang_up(self, process: Any) -> None:
        """Log what a dead process said last, and listen to it no more.

        circus closes the pipe and goes on listening to its number, which the pipe of the next
        process then has: that one is never started where both are not of one watcher.
        """
        streams = self.stream_redirector
        mine = [each for each in streams.pipes.items() if each[1][1] is process]
        for descriptor, (name, _, pipe) in mine:
            if not pipe.closed:
                for data in _left_in(descriptor):
                    streams.redirect[name]({"data": data, "pid": process.pid, "name": name})
            streams.remove_fd(descriptor)

    @gen.coroutine  # type: ignore[untyped-decorator, unused-ignore]
    def spawn_processes(self) -> Any:
        """Start the process where none runs; circus calls this whenever one is missing."""
        if self._started:
            self._died()
        if time.monotonic() < self._not_before:
            return
        again = bool(self._not_before)
        if again:
            end(marked(self.mark), grace=0)
        yield super().spawn_processes()
        self._started = time.monotonic()
        self.restarts = self.restarts.started() if again else self.restarts
        self.arbiter.note()

    def _died(self) -> None:
        now = time.monotonic()
        self.restarts = self.restarts.ended(now - self._started)
        self._started = 0.0
        self._not_before = now + self.restarts.pause
        self.loop.call_later(self.restarts.pause, self.arbiter.notice)

    @gen.coroutine  # type: ignore[untyped-decorator, unused-ignore]
    def _stop(self, close_output_streams: bool = False) -> Any:
        """Stop the process and what it leaves behind; circus calls this."""
        yield super()._stop(close_output_streams)
        end(marked(self.mark), grace=0)


def _left_in(descriptor: int) -> Iterator[bytes]:
    """Give what can be read at once; a process that was left behind may still write."""
    os.set_blocking(descriptor, False)
    with suppress(BlockingIOError):
        for _ in range(_READS):
            if not (data := os.read(descriptor, 2**16)):
                break
            yield data
