"""The next zygote: a fork that imports what was learned and takes over if it stays fit for forks.

What an import leaves behind cannot be undone, so it is done in a fork, which is thrown away if
the import does what no fork must inherit. The zygote serves on meanwhile.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import socket
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.kernel.warm import imports, wire
from labline.kernel.warm.asking import Asking

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

        roots = set()
        # A module is listed after those that it imports itself.
        for name in reversed(self._wanted):
            if name in sys.modules:
                continue
            roots.add(name)
            self._say({"importing": name})
            if reason := _harm_of_importing(name):
                self._say({"unfit": name, "reason": reason})
                os._exit(0)
        self._prune(set(self._wanted) - (roots & sys.modules.keys()))
        zygote = Zygote(*self._estate)
        self._say({"fit": True})
        self._channel.close()
        return zygote

    def _say(self, message: dict[str, Any]) -> None:
        # A zygote that was killed needs an heir all the more.
        with contextlib.suppress(OSError):
            wire.send(self._channel, message)

    def _prune(self, implied: set[str]) -> None:
        """Strike out the modules that came along with others, or that are no more."""
        root = Path(self._estate[0].root)
        known = imports.read(root)
        if implied & set(known.modules):
            kept = [name for name in known.modules if name not in implied]
            imports.write(root, replace(known, modules=kept))


def _harm_of_importing(name: str) -> str:
    """Import a module; return what it did that no fork must inherit, "" if nothing."""
    before, modules, written = _shared_state(), set(sys.modules), _written()
    try:
        with Asking() as asking:
            importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001 - whatever a stranger's module raises
        if isinstance(error, ModuleNotFoundError) and error.name == name:
            return ""
        return f"{type(error).__name__}: {error}"
    after = _shared_state()
    changed = [what for what in before if before[what] != after[what]]
    changed += ["wrote to stdout or stderr"] * (_written() != written)
    changed += ["started a thread"] * _has_threads()
    changed += [
        f"imported {n}, which may change" for n in sys.modules.keys() - modules if _local(n)
    ]
    changed += [f"asked for the running IPython (in {module})" for module in asking.by]
    return ", ".join(changed)


def _local(name: str) -> bool:
    """Tell whether a module's file is neither Python's nor an installed package's."""
    path = getattr(sys.modules[name], "__file__", None)
    return bool(path) and not str(path).startswith(imports.lasting_folders())


def _shared_state() -> dict[str, Any]:
    return {
        "opened a file or socket": sorted(os.listdir("/proc/self/fd")),  # noqa: PTH208
        "handles a signal": [signal.getsignal(number) for number in signal.valid_signals()],
        "changed the working directory": os.getcwd(),  # noqa: PTH109
        "changed sys.path": list(sys.path),
        "shares memory": _shared_memory(),
        "changed a hook of Python": (sys.excepthook, sys.displayhook, sys.gettrace()),
    }


def _shared_memory() -> int:
    """Count the mappings that a fork writes to together with its parent, such as semaphores."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:  # noqa: PTH123
        return sum(line.split(maxsplit=2)[1].startswith("rw-s") for line in maps)


def _written() -> int:
    """Return how much was written to stdout and stderr, which are a file."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return os.fstat(1).st_size


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
