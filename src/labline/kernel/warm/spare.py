"""A fork of the zygote that is to become a kernel."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import socket
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.kernel.warm import places, wire
from labline.kernel.warm.source import Source

if TYPE_CHECKING:
    from labline.kernel.warm.pages import Pages
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
    pages
        What kernels before it have written to.
    """

    def __init__(
        self, options: Options, channel: socket.socket, known: frozenset[str], pages: Pages
    ) -> None:
        self.known = known
        self._pages = pages
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
            self._pages.note()

    def run(self) -> None:
        """Run the kernel until it is shut down; the interpreter then ends as ever."""
        from labline.kernel.warm.application import run_kernel

        os.setsid()
        self._pages.copy()
        root = Path(self._options.root)
        run_kernel(self._options.module, _Lease(self._channel), root, self.known)


class _Lease(Source):
    """A provisioner, once the zygote has put it through."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        # What the zygote was started with.
        pairs = Path("/proc/self/environ").read_bytes().split(b"\0")
        self.environment = {os.fsdecode(pair.partition(b"=")[0]) for pair in pairs}

    def hear(self) -> tuple[Mapping[str, Any], Sequence[int]]:
        return wire.receive(self._channel)

    def watch(self, sockets: str, descriptors: Sequence[int]) -> threading.Thread | None:
        return _OwnerWatch(descriptors[0], sockets) if descriptors else None

    def say(self, message: Mapping[str, Any]) -> None:
        wire.send(self._channel, message)


class _OwnerWatch(threading.Thread):
    """Ends the kernel when the process that asked for it is gone, as ipykernel's poller does.

    ipykernel's own waits for the *parent* to change, and this kernel's parent is the zygote.
    """

    def __init__(self, owner: int, sockets: str) -> None:
        super().__init__(name="labline-owner-watch", daemon=True)
        self._owner = owner
        self._sockets = sockets

    def run(self) -> None:
        poll = select.poll()
        poll.register(self._owner, select.POLLIN)
        poll.poll()
        places.unlink_sockets(self._sockets)
        os._exit(1)
