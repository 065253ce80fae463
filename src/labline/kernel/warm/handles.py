"""A two-way connection with a child process, over its stdin, on which descriptors can be given.

A pair of Unix sockets, or on Windows a named pipe: :func:`multiprocessing.Pipe` makes either.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import connection, reduction
from typing import Any

Connection = Any


@contextmanager
def as_stdin(end: Connection) -> Iterator[int]:
    """Provide an end as a descriptor for ``Popen``; it is closed here at the end of the block."""
    with end:
        if sys.platform == "win32":
            import msvcrt

            descriptor = msvcrt.open_osfhandle(reduction.duplicate(end.fileno()), 0)
            try:
                yield descriptor
            finally:
                os.close(descriptor)
        else:
            yield end.fileno()


def from_stdin() -> Connection:
    """Return the connection that this process was started with; its stdin is empty from now on."""
    own = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    if sys.platform == "win32":
        import msvcrt

        return connection.PipeConnection(msvcrt.get_osfhandle(own))
    return connection.Connection(own)


def send(end: Connection, descriptors: Sequence[int], pid: int) -> None:
    """Give descriptors to the process at the other end, whose number is `pid`."""
    if sys.platform == "win32":
        end.send([_given(descriptor, pid) for descriptor in descriptors])
        return
    for descriptor in descriptors:
        reduction.send_handle(end, descriptor, pid)


def receive(end: Connection, count: int) -> list[int]:
    """Return descriptors that the other end gives."""
    if sys.platform == "win32":
        import msvcrt

        return [msvcrt.open_osfhandle(handle, os.O_APPEND) for handle in end.recv()]
    return [reduction.recv_handle(end) for _ in range(count)]


if sys.platform == "win32":

    def _given(descriptor: int, pid: int) -> int:
        """Let another process have what a descriptor stands for; return its handle there."""
        import _winapi
        import msvcrt

        process = _winapi.OpenProcess(_winapi.PROCESS_DUP_HANDLE, False, pid)
        own, handle = _winapi.GetCurrentProcess(), msvcrt.get_osfhandle(descriptor)
        try:
            return _winapi.DuplicateHandle(
                own, handle, process, 0, False, _winapi.DUPLICATE_SAME_ACCESS
            )
        finally:
            _winapi.CloseHandle(process)
