"""Imports that are done before anyone asked for a kernel, and whether they do harm.

What an import leaves behind cannot be undone, so it is done in a process that can be thrown away:
an :class:`~labline.kernel.warm.heir.Heir`, or a spare that nobody has yet.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from labline.kernel.warm import imports
from labline.kernel.warm.asking import Asking

# What ipykernel and IPython load when a kernel is built, or at its first cell.
_EVERY_KERNEL = (
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.logger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "faulthandler",
    "ipykernel.debugger",
    "ipykernel.heartbeat",
    "ipykernel.kernelapp",
    "ipykernel.zmqshell",
    "labline.kernel.warm.application",
    "labline.magics",
    "pdb",
    "psutil",
    "sqlite3",
    "tornado.platform.asyncio",
)


def import_what_all_need(module: str) -> None:
    """Import what a kernel of `module` needs, whatever its cells are."""
    _look_like_a_kernel()
    for name in (module, *_EVERY_KERNEL, f"{module}.__main__"):
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def import_learned(
    root: Path, wanted: list[str], harm: Callable[[str], str], say: Callable[[dict[str, Any]], None]
) -> None:
    """Import what was learned, and strike out of it what is no more or came along with others.

    Ends the process once an import did harm.

    Parameters
    ----------
    harm
        Imports a module and returns what it did that it must not, "" if nothing.
    say
        Called with ``importing NAME`` before each import, and with ``unfit NAME`` at such an end.
    """
    roots = set()
    # A module is listed after those that it imports itself.
    for name in reversed(wanted):
        if name in sys.modules:
            continue
        roots.add(name)
        say({"importing": name})
        if reason := harm(name):
            say({"unfit": name, "reason": reason})
            os._exit(0)
    _strike_out(root, set(wanted) - (roots & sys.modules.keys()))


def harm_of_importing(name: str) -> str:
    """Import a module; return what it did that no kernel may find done, "" if nothing."""
    before, modules, written = _surroundings(), set(sys.modules), _written()
    try:
        with Asking() as asking:
            importlib.import_module(name)
    except BaseException as error:  # noqa: BLE001 - whatever a stranger's module raises
        if isinstance(error, ModuleNotFoundError) and error.name == name:
            return ""
        return f"{type(error).__name__}: {error}"
    changed = changes(before, _surroundings())
    changed += ["wrote to stdout or stderr"] * (_written() != written)
    changed += [
        f"imported {n}, which may change" for n in sys.modules.keys() - modules if _local(n)
    ]
    changed += [f"asked for the running IPython (in {module})" for module in asking.by]
    return ", ".join(changed)


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Return the names of what is not as it was."""
    return [what for what in before if before[what] != after[what]]


def _look_like_a_kernel() -> None:
    """Set the variables that ipykernel sets before the first cell can import anything."""
    from ipykernel.zmqshell import ZMQInteractiveShell

    ZMQInteractiveShell.init_environment(None)
    if not os.environ.get("MPLBACKEND"):
        os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"


def _strike_out(root: Path, implied: set[str]) -> None:
    known = imports.read(root)
    if implied & set(known.modules):
        kept = [name for name in known.modules if name not in implied]
        imports.write(root, replace(known, modules=kept))


def _local(name: str) -> bool:
    """Tell whether a module's file is neither Python's nor an installed package's."""
    path = getattr(sys.modules[name], "__file__", None)
    return bool(path) and not str(path).startswith(imports.lasting_folders())


def _surroundings() -> dict[str, Any]:
    return {
        "handles a signal": [signal.getsignal(number) for number in signal.valid_signals()],
        "changed the working directory": os.getcwd(),  # noqa: PTH109
        "changed sys.path": list(sys.path),
        "changed a hook of Python": (sys.excepthook, sys.displayhook, sys.gettrace()),
    }


def _written() -> int:
    """Return how much was written to stdout and stderr, which are a file."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    return os.fstat(1).st_size
