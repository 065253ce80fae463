"""The next zygote: a fork that imports what was learned and takes over if it stays fit for forks.

It is thrown away if an import does what no fork must inherit. The zygote serves on meanwhile.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.kernel.warm import ahead, wire

if TYPE_CHECKING:
    from labline.kernel.warm.fingerprint import Fingerprint
    from labline.kernel.warm.zygote import Options, Zygote

# Threads of libraries that handle a fork themselves (pthread_atfork), by what they are called.
_MIND_FORKS = frozenset({"jemalloc_bg_thd"})


class Heir:
    """A zygote in the making.

    Lifecycle: :class:`Zygote` makes one and forks; in the fork,
    :func:`labline.kernel.warm.__main__.main` calls :meth:`succeed` and goes on with the zygote
    that it returns. Its messages: ``importing NAME`` before each import, then either ``fit`` or
    ``unfit NAME``. If it dies, hangs or is unfit, the zygote notes the module and tries again.
    """

    def __init__(
        self,
        estate: tuple[Options, socket.socket, int, Fingerprint],
        channel: socket.socket,
        wanted: list[str],
    ) -> None:
        self._estate = estate
        self._channel = channel
        self._wanted = wanted

    def succeed(self) -> Zygote:
        """Import what is wanted and return the zygote; ends the process if it became unfit."""
        from labline.kernel.warm.zygote import Zygote

        root = Path(self._estate[0].root)
        ahead.import_learned(root, self._wanted, _harm_of_importing, self._say)
        zygote = Zygote(*self._estate)
        self._say({"fit": True})
        self._channel.close()
        return zygote

    def _say(self, message: dict[str, Any]) -> None:
        # A zygote that was killed needs an heir all the more.
        with contextlib.suppress(OSError):
            wire.send(self._channel, message)


def _harm_of_importing(name: str) -> str:
    """Import a module; return what it did that no fork must inherit, "" if nothing."""
    before = _shared_state()
    found = [ahead.harm_of_importing(name), *ahead.changes(before, _shared_state())]
    found += ["started a thread"] * _has_threads()
    return ", ".join(filter(None, found))


def _shared_state() -> dict[str, Any]:
    return {
        "opened a file or socket": sorted(os.listdir("/proc/self/fd")),  # noqa: PTH208
        "shares memory": _shared_memory(),
    }


def _shared_memory() -> int:
    """Count the mappings that a fork writes to together with its parent, such as semaphores."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:  # noqa: PTH123
        return sum(line.split(maxsplit=2)[1].startswith("rw-s") for line in maps)


def _has_threads() -> bool:
    """Tell whether threads run that a fork would lose without anyone noticing.

    OpenBLAS has threads after its import, stops them before a fork, and starts them after it when
    it needs them; so what counts is what still runs after a fork.
    """
    if threading.active_count() > 1:
        return True
    if not _strangers():
        return False
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return bool(_strangers())


def _strangers() -> set[str]:
    """Return the names of the threads besides this one."""
    names = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            if task.name != str(os.getpid()):
                names.add((task / "comm").read_text(encoding="utf-8").strip())
    return names - _MIND_FORKS
