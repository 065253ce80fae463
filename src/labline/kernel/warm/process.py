"""A kernel that somebody else is the parent of, as Jupyter wants to see a process."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterable

from labline.kernel.warm import wire

#: exit code where nobody is left who knows it
UNKNOWN = 255
# linux/pidfd.h: PIDFD_GET_INFO (6.13), PIDFD_INFO_EXIT (6.15), struct pidfd_info of 64 bytes
_GET_INFO = 0xC040FF0B
_INFO_EXIT = 1 << 3
_INFO = struct.Struct("<QQ11Ii")
# From the end of a process to the word of its parent.
_GRACE = 2.0


class WarmProcess:
    """The part of :class:`subprocess.Popen` that Jupyter's local provisioner uses.

    Who tells the exit code: the kernel itself where its end is orderly, when all is done but for
    its memory; the zygote, which is its parent, when it is reaped; if the zygote was killed, the
    operating system, through a descriptor of the process.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, pidfd: int, zygote: socket.socket, channel: socket.socket) -> None:
        self.pid = pid
        self.returncode: int | None = None
        #: to the kernel
        self.channel = channel
        self._zygote = zygote
        self._pidfd = pidfd
        zygote.settimeout(_GRACE)

    @property
    def descriptors(self) -> list[int]:
        """Descriptors of which one is readable when there is news of the process."""
        found = (self.channel.fileno(), self._zygote.fileno(), self._pidfd)
        return [descriptor for descriptor in found if descriptor >= 0]

    def poll(self) -> int | None:
        """Return the exit code, ``None`` while it runs."""
        if self.returncode is not None:
            return self.returncode
        # Asked first: whatever a process said that has ended is there to be heard.
        has_ended = _has_news([self._pidfd])
        for source in (self.channel, self._zygote):
            if self.returncode is None and _has_news([source.fileno()]):
                self._hear(source)
        if self.returncode is None and has_ended:
            self._hear(self._zygote)
            if self.returncode is None:
                self._finish(_exit_code(self._pidfd))
        return self.returncode

    def wait_for_memory(self) -> None:
        """Count it as ended only when nothing of it is left."""
        self.channel.close()

    def _hear(self, source: socket.socket) -> None:
        try:
            message, _ = wire.receive(source)
        except (EOFError, OSError):
            source.close()
        else:
            self._finish(message["exit"])

    def _finish(self, code: int) -> None:
        self.returncode = code
        os.close(self._pidfd)
        self._zygote.close()
        self.channel.close()

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, once there is one.

        Raises
        ------
        subprocess.TimeoutExpired
            There is none within the timeout (seconds).
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired(f"kernel {self.pid}", timeout or 0.0)
            _has_news(self.descriptors, left)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def abandon(self) -> None:
        """End it, and do not wait to hear of that."""
        self.kill()
        if self.returncode is None:
            self._finish(-signal.SIGKILL)

    def __del__(self) -> None:
        if self.returncode is None:
            self._finish(UNKNOWN)


def _has_news(descriptors: Iterable[int], timeout: float | None = 0) -> bool:
    poll = select.poll()
    for descriptor in descriptors:
        if descriptor >= 0:
            poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if timeout is None else timeout * 1000))


def _exit_code(pidfd: int) -> int:
    """Ask the operating system how a process ended that this one is not the parent of."""
    import fcntl

    data = bytearray(_INFO.size)
    _INFO.pack_into(data, 0, _INFO_EXIT, *[0] * 13)
    with contextlib.suppress(OSError):
        fcntl.ioctl(pidfd, _GET_INFO, data)
        mask, *_, status = _INFO.unpack(data)
        if mask & _INFO_EXIT:
            return os.waitstatus_to_exitcode(status)
    return UNKNOWN
