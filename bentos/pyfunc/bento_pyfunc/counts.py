"""The file in which an instance counts, so that a full disk does not end it.

prometheus_client maps a file of which nothing is on the disk yet. Where the disk is full by the
time that a page of it is written to first, the kernel ends the process (SIGBUS). Here the room is
taken beforehand; where there is none the instance counts in memory, and for itself.
"""

from __future__ import annotations

import logging
import mmap
import os
import struct
from pathlib import Path
from typing import Any

from prometheus_client.mmap_dict import MmapedDict

logger = logging.getLogger(__name__)

_FIRST = 2**16
#: bytes of an entry beside its name, at most: its length, padding, and two numbers
_BESIDE = 32


class Counts(MmapedDict):  # type: ignore[misc, unused-ignore]
    """Numbers by name, in a file that has the room for them."""

    _f: Any
    _m: mmap.mmap

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if read_mode or _has_room(filename):
            super().__init__(filename, read_mode)
            return
        self._f, self._fname = None, filename
        self._positions: dict[str, int] = {}
        self._used, self._capacity = 8, _FIRST
        self._m = mmap.mmap(-1, _FIRST)
        self._m[:4] = struct.pack("i", self._used)

    def _init_value(self, key: str) -> None:
        while self._used + len(key.encode()) + _BESIDE > self._capacity:
            self._grow(2 * self._capacity)
        super()._init_value(key)

    def _grow(self, size: int) -> None:
        wider = self._longer_file(size)
        if wider is None:
            wider = mmap.mmap(-1, size)
            wider[: self._used] = self._m[: self._used]
        self._m, self._capacity = wider, size

    def _longer_file(self, size: int) -> mmap.mmap | None:
        if self._f is None:
            return None
        try:
            _take(self._f.fileno(), size)
            return mmap.mmap(self._f.fileno(), size)
        except OSError as error:
            _warn(self._fname, error)
            self._f.close()
            self._f = None
            return None

    def close(self) -> None:
        """Close the file, if there is one; prometheus_client calls this."""
        self._m.close()
        if self._f is not None:
            self._f.close()


def _has_room(filename: str) -> bool:
    path = Path(filename)
    try:
        with path.open("ab") as file:
            _take(file.fileno(), max(_FIRST, os.fstat(file.fileno()).st_size))
    except OSError as error:
        _warn(filename, error)
        if path.is_file() and not path.stat().st_size:
            path.unlink()  # whoever adds up would stumble over it
        return False
    return True


def _take(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:  # macOS
        os.truncate(descriptor, size)


def _warn(filename: str, error: OSError) -> None:
    logger.warning(
        "%s: %s. This instance counts for itself until it is restarted.", filename, error
    )
