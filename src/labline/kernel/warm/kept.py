"""A prestarted spare as the process that keeps it sees it."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jupyter_client.launcher import launch_kernel

from labline.kernel.warm import handles, imports
from labline.kernel.warm.key import Key

_REPLY_TIMEOUT = 10.0
# The next cell may import more.
_SETTLED_AFTER = 1.0
# Seconds that one import may take.
_PATIENCE = 60.0


@dataclass(frozen=True)
class Kind:
    """What two kernels must share to be made of the same spares."""

    key: Key
    #: whether the sockets can be made ahead
    binds: bool

    @property
    def name(self) -> str:
        """Name of the kind."""
        return f"{self.key.digest}{'-binds' * self.binds}"


class Kept:
    """One spare, and the kernel that it becomes.

    Lifecycle: :class:`~labline.kernel.warm.keeper.Keeper` makes it, which starts the process,
    calls :meth:`listen` until it :attr:`is_ready`, then :meth:`become`, or :meth:`end` if nobody
    is to have it. Once it is a kernel it is held until that ended: the connection is what tells
    the kernel that its owner lives.

    Raises
    ------
    OSError
        The process cannot be started.
    """

    def __init__(self, kind: Kind) -> None:
        key, self._binds = kind.key, kind.binds
        self._root = Path(key.root)
        self._stamp = _changed(self._root)
        learned = imports.read(self._root)
        self._seen = frozenset({*learned.modules, *learned.unfit})
        #: what it is importing, and when it began
        self._importing: dict[str, Any] = {}
        self._since = time.monotonic()
        # On Windows Python may be a child of what was started.
        self._pid = 0
        self._says = tempfile.TemporaryFile()  # noqa: SIM115 - closed by end()
        options = json.dumps({"module": key.module, "root": key.root, "binds": kind.binds})
        self._connection, theirs = multiprocessing.Pipe()
        with handles.as_stdin(theirs) as stdin:
            self.process = launch_kernel(
                [key.python, "-m", "labline.kernel.warm", "prestarted", options],
                stdin=stdin,
                stdout=self._says,
                stderr=self._says,
                env=dict(key.environment),
                cwd=key.cwd,
            )

    @property
    def is_ready(self) -> bool:
        """Whether it can be told what to be."""
        return bool(self._pid)

    @property
    def is_alive(self) -> bool:
        """Whether it runs; of a kernel, whether its end has been seen by who asked for it."""
        # Only its owner may reap a kernel, who may be about to ask the system for this process.
        return (self.process.returncode if self.is_given else self.process.poll()) is None

    #: whether it has become a kernel
    is_given = False

    def listen(self) -> str:
        """Hear what it says, without waiting; return why it came to nothing, "" if it did not."""
        with contextlib.suppress(EOFError, OSError):
            while not self.is_ready and self._connection.poll():
                self._note(json.loads(self._connection.recv_bytes()))
        is_late = not self.is_ready and time.monotonic() - self._since > _PATIENCE
        if self.is_alive and not is_late:
            return ""
        if "importing" in self._importing:
            name, packages = self._importing["importing"], self._importing["packages"]
            reason = "its import ended the process, or did not end"
            imports.note_unfit(self._root, name, reason, packages)
        code = f"exit code {self.process.poll()}" if not is_late else "it takes too long"
        return ", ".join(filter(None, [code, self._last_words()]))

    @property
    def learned(self) -> bool:
        """Whether it came to nothing for an import that the next one will leave alone."""
        return bool(self._importing)

    def is_outdated(self) -> bool:
        """Tell whether more was learned since it started; what is being learned is waited for."""
        stamp = _changed(self._root)
        if stamp == self._stamp or time.time() - stamp < _SETTLED_AFTER:
            return False
        return not self._seen.issuperset(imports.read(self._root).modules)

    def _note(self, message: dict[str, Any]) -> None:
        self._since = time.monotonic()
        if "unfit" in message:
            imports.note_unfit(self._root, message["unfit"], message["reason"], message["packages"])
        self._pid = message.get("waiting", 0)
        self._importing = message

    def become(self, job: dict[str, Any], streams: Sequence[int]) -> dict[str, Any]:
        """Tell it what to be; return its answer.

        Raises
        ------
        OSError, EOFError
            It is gone, or says nothing.
        """
        self._connection.send_bytes(json.dumps(job).encode())
        handles.send(self._connection, streams, self._pid)
        if not self._connection.poll(_REPLY_TIMEOUT):
            raise TimeoutError("it does not answer")
        reply: dict[str, Any] = json.loads(self._connection.recv_bytes())
        if "ready" in reply:
            self.is_given = True
            self._says.close()
        return reply

    def end(self) -> None:
        """End it, if it is no kernel, and let go of it."""
        if not self.is_given:
            self.process.kill()
            self.process.wait()
        if self._binds:
            from labline.kernel.warm import places

            # A kernel's sockets are still here if they could only be linked to.
            places.unlink_sockets(str(places.folder() / f"s-{self.process.pid}"))
        self._connection.close()
        self._says.close()

    def _last_words(self) -> str:
        self._says.seek(0)
        return self._says.read().decode(errors="replace").strip().rpartition("\n")[2]


def _changed(root: Path) -> float:
    try:
        return imports.place(root).stat().st_mtime
    except OSError:
        return 0.0
