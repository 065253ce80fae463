"""A fork of the zygote that is to become a kernel."""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from labline.kernel.warm import wire

if TYPE_CHECKING:
    from labline.kernel.warm.zygote import Options

# KiB
_MUCH = 2**20


class Spare:
    """A kernel that is built before anyone asked for it.

    Lifecycle: :class:`~labline.kernel.warm.zygote.Zygote` makes one and forks; in the fork,
    :func:`labline.kernel.warm.__main__.main` calls :meth:`run`, which is the whole life of the
    kernel. The module that is the kernel runs as ever, but what it gets for ipykernel's
    application is :class:`~labline.kernel.warm.application.SpareApp`, which halts half built
    until it is leased.

    Parameters
    ----------
    options
        Those of the zygote.
    channel
        Where the provisioner's word comes from.
    known
        Modules that the zygote has imported, or knows of.
    """

    def __init__(self, options: Options, channel: socket.socket, known: frozenset[str]) -> None:
        self.known = known
        self._options = options
        self._channel = channel

    def tell_exit(self, code: int) -> None:
        """Tell the provisioner that all is done but for the memory, unless that is much.

        Taking back the memory takes the operating system longer than anything else in the end of
        a small kernel; nobody needs to wait for that.
        """
        if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < _MUCH:
            with contextlib.suppress(OSError):
                wire.send(self._channel, {"exit": code})

    def run(self) -> None:
        """Run the kernel until it is shut down; the interpreter then ends as ever."""
        from ipykernel import kernelapp

        from labline.kernel.warm.application import SpareApp
        from labline.kernel.warm.kernel import ForkedKernel

        os.setsid()
        SpareApp.channel, SpareApp.root = self._channel, Path(self._options.root)
        SpareApp.known = ForkedKernel.inherited = self.known
        kernelapp.IPKernelApp = SpareApp
        # As python -m has it; whoever needs it gone removes it.
        sys.path.insert(0, os.getcwd())  # noqa: PTH109
        sys.argv = [kernel_file(self._options.module)]
        if self._options.module == "ipykernel_launcher":
            del sys.path[0]
            SpareApp.launch_instance()
        else:
            importlib.import_module(f"{self._options.module}.__main__").main()


def kernel_file(module: str) -> str:
    """Return what ``sys.argv[0]`` is for ``python -m MODULE``."""
    found = importlib.import_module(module)
    path = str(found.__file__)
    return str(Path(path).with_name("__main__.py")) if hasattr(found, "__path__") else path
