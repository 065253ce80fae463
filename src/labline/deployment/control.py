"""Talk to the daemon: circus's own protocol, JSON over a unix socket."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from labline import __version__
from labline.deployment.places import Places, is_locked
from labline.errors import Conflict, Failed, Unreachable
from labline.records import Command

#: Seconds a process gets to end by itself when it is stopped.
GRACE = 15.0
#: Seconds within which the daemon must answer.
ANSWER = 10.0
#: Milliseconds between two looks whether it still lives.
_SLICE = 200


@dataclass(frozen=True)
class Watch:
    """How one watched process is."""

    pid: int | None
    #: ``running``, ``restarting``, ``crash loop`` or ``stopped``
    state: str
    #: times it was started again
    restarts: int
    #: times it ended
    ends: int
    #: how it ended last; minus the signal's number where it was killed
    exit_code: int | None


class Control:
    """The daemon of one project, as seen from another process."""

    def __init__(self, places: Places) -> None:
        self._places = places

    @property
    def alive(self) -> bool:
        """Whether the daemon's process is there."""
        return is_locked(self._places.daemon)

    @property
    def pid(self) -> int | None:
        """Pid of the daemon, if it is there."""
        pid = self._facts().get("pid")
        return int(pid) if pid else None

    @property
    def settings(self) -> list[str]:
        """What the daemon was told of the settings when it was started; empty without one."""
        return list(self._facts().get("settings", ()))

    @property
    def places(self) -> Places:
        """Places of the daemon: by another path where the project was moved since it was started.

        Sockets that do not lie in the project are still by the old one.
        """
        root = Path(self._facts().get("root", self._places.root))
        theirs = Places(root, root / self._places.base.name)
        return theirs if theirs.control.exists() else self._places

    def family(self) -> list[psutil.Process]:
        """Return the process of the daemon and all that it has started."""
        facts = self._facts()
        if not facts:
            return []
        with suppress(psutil.NoSuchProcess):
            daemon = psutil.Process(facts["pid"])
            if daemon.create_time() == facts["created"]:
                return [*daemon.children(recursive=True), daemon]
        return []

    def _facts(self) -> dict[str, Any]:
        """Return what the daemon wrote down of itself; nothing where it is not there."""
        if not self.alive:
            return {}
        try:
            facts: dict[str, Any] = json.loads(self._places.daemon.read_text(encoding="utf-8"))
        except ValueError:
            return {}
        return facts

    def report(self) -> dict[str, Watch]:
        """Return how every watched process is.

        Raises
        ------
        Unreachable
            The daemon is not there or does not answer.
        Conflict
            It was started by another version of labline, or in another folder.
        """
        self.require_ours()
        watched = self._call("report")["watched"]
        return {name: Watch(**found) for name, found in watched.items()}

    def require_ours(self) -> None:
        """Return if the daemon was started by this version of labline, and in this folder.

        Raises
        ------
        Conflict
            It was not.
        """
        facts, here = self._facts(), str(self._places.root)
        theirs, root = facts.get("version", __version__), facts.get("root", here)
        if root != here:
            raise Conflict(
                f"The platform was started when this project was {root}; it is {here} now.",
                fix="Restart it: labline down && labline up",
            )
        if theirs != __version__:
            raise Conflict(
                f"The platform was started by labline {theirs}; this is labline {__version__}.",
                fix="Restart it: labline down && labline up",
            )

    def add(self, name: str, command: Command) -> None:
        """Start a process and keep it running; one that is there already is left alone."""
        if name in self.report():
            return
        self._call(
            "add",
            name=name,
            cmd=command.argv[0],
            args=list(command.argv[1:]),
            start=True,
            waiting=True,
            options={
                "env": dict(command.env),
                "working_dir": command.cwd,
                "graceful_timeout": GRACE,
                "max_retry": 2,
            },
        )

    def remove(self, name: str) -> None:
        """Stop a process, wait until it has ended, and forget it."""
        if name in self.report():
            self._call("rm", name=name, waiting=True, longer=GRACE)

    def quit(self) -> None:
        """Tell the daemon to stop everything and end."""
        self._call("quit")

    def _call(self, command: str, *, longer: float = 0.0, **properties: Any) -> Any:
        deadline = time.monotonic() + ANSWER + longer
        while True:
            answer = self._ask(command, properties, deadline - time.monotonic())
            if answer["status"] == "ok":
                return answer
            # circus refuses a command while it is busy with another.
            busy = "already running" in answer["reason"]
            if not busy or time.monotonic() > deadline:
                raise Failed(f"The supervisor refused {command!r}: {answer['reason']}")
            time.sleep(0.1)

    def _ask(
        self, command: str, properties: Mapping[str, Any], timeout: float
    ) -> Mapping[str, Any]:
        import zmq

        if not self.alive:
            raise Unreachable("The platform is not up.", fix="Start it: labline up")
        message = {"id": uuid4().hex, "command": command, "properties": properties}
        socket: Any
        with zmq.Context.instance().socket(zmq.DEALER) as socket:
            socket.linger = 0
            socket.connect(f"ipc://{self.places.control}")
            socket.send_json(message)
            deadline = time.monotonic() + timeout
            while not socket.poll(_SLICE):
                if not self.alive or time.monotonic() > deadline:
                    raise self._silent()
            answer: Mapping[str, Any] = json.loads(socket.recv())
        return answer

    def _silent(self) -> Unreachable:
        return Unreachable(
            f"The supervisor (pid {self.pid}) does not answer.",
            fix="Restart the platform: labline down, then labline up",
        )
