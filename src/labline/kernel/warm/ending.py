"""The end of a kernel that is a fork.

The interpreter takes every module apart before it ends: a tenth of a second for pandas and
scikit-learn, and pointless for modules that were only inherited. This does what can be noticed
from outside, in the interpreter's order (``Py_FinalizeEx``): threads are waited for, ``atexit``
runs, the objects of the notebook and of the project's own modules are finalised, so that files
left open are written.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import NoReturn

from labline.kernel.warm import imports


def run_to_the_end(
    run: Callable[[], None], tell: Callable[[int], None], known: frozenset[str]
) -> NoReturn:
    """Call `run` and end the process, with the exit code that Python would have.

    Parameters
    ----------
    tell
        Called with that code when nothing is left to be done.
    known
        Modules that are not the notebook's.
    """
    code = 1
    try:
        code = _exit_code(run)
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        _finalise(known)
        tell(code)
    except BaseException:  # noqa: BLE001 - whatever happens, the fork must not outlive this
        traceback.print_exc(file=sys.__stderr__)
    os._exit(code)


def _exit_code(run: Callable[[], None]) -> int:
    try:
        run()
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return (end.code or 0) & 0xFF
        sys.stderr.write(f"{end.code}\n")
        return 1
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
        return 1
    return 0


def _finalise(known: frozenset[str]) -> None:
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        # They keep the frames of a failed cell, and what these have open.
        setattr(sys, name, None)
    for name in imports.beyond(known):
        if not imports.is_installed(name):
            vars(sys.modules[name]).clear()
    gc.collect()
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream:
            stream.flush()
