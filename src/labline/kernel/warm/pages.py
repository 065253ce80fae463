"""The memory that kernels of one zygote write to, copied for a spare before it is leased.

A fork shares its parent's memory until it writes to it, and be it a reference count; then the
system copies the page, and the interruption takes longer than the copy. What kernels of one zygote
write to is much the same, as they run the same libraries at the same addresses. So the first few
note it when they end, and the spares that come after them have it copied, range by range.

References: Linux, ``Documentation/admin-guide/mm/pagemap.rst`` and ``madvise(2)``,
``MADV_POPULATE_WRITE`` (5.14). Where the system has neither, nothing happens.
"""

from __future__ import annotations

import ctypes
import mmap
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

Range = tuple[int, int]

_POPULATE_WRITE = 23
_PAGE = mmap.PAGESIZE
#: pages that a spare has copied at most: 64 MiB
_MOST = 2**26 // _PAGE
#: kernels that note what they wrote to
_TIMES = 3
_WORD = 8
_SIZE = 2**17
_ROOM = _SIZE // _WORD // 2 - 1
# An entry's highest byte: present (0x80) and of this process alone (0x01), not of a file (0x20).
_OWN = bytes(entry & 0xA1 == 0x81 for entry in range(256))
# A few pages between are copied along: each range is a call of the system.
_RUN = re.compile(rb"\x01(?:\x00{0,4}\x01)*")


class Pages:
    """Ranges of memory, shared by a zygote and its forks.

    The words of the shared memory: how many kernels have noted, how many ranges there are, and
    for each its first page and how many pages it has. Any fork may write there, so who reads
    believes nothing beyond the bounds.
    """

    def __init__(self) -> None:
        self._words = memoryview(mmap.mmap(-1, _SIZE)).cast("Q")

    def copy(self) -> None:
        """Have this process, a spare, own what kernels before it have written to."""
        for first, count in self._ranges():
            _populate(first * _PAGE, count * _PAGE)

    def note(self) -> None:
        """Note what this process, a kernel that ends, has written to."""
        if self._words[0] >= _TIMES:
            return
        with suppress(OSError):
            pages = {page for first, count in [*self._ranges(), *_written()]
                     for page in range(first, first + count)}  # fmt: skip
            self._write(list(_runs(sorted(pages)))[:_ROOM])
            self._words[0] += 1

    def _ranges(self) -> Iterator[Range]:
        left = _MOST
        for at in range(min(self._words[1], _ROOM)):
            first, count = self._words[2 + 2 * at], self._words[3 + 2 * at]
            left -= count
            if left < 0:
                return
            yield first, count

    def _write(self, ranges: list[Range]) -> None:
        self._words[1] = 0
        for at, (first, count) in enumerate(ranges):
            self._words[2 + 2 * at], self._words[3 + 2 * at] = first, count
        self._words[1] = len(ranges)


def _written() -> Iterator[Range]:
    """Yield the ranges of private memory that no other process shares with this one."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:  # noqa: PTH123
        lines = [line.split() for line in maps]
    with open("/proc/self/pagemap", "rb", buffering=0) as entries:  # noqa: PTH123
        for where, rights, *rest in lines:
            name = rest[3] if len(rest) > 3 else ""
            if rights != "rw-p" or name.startswith(("[stack", "[v")):
                continue
            first, end = (int(part, 16) // _PAGE for part in where.split("-"))
            entries.seek(first * _WORD)
            flags = entries.read((end - first) * _WORD)[_WORD - 1 :: _WORD].translate(_OWN)
            for run in _RUN.finditer(flags):
                yield first + run.start(), run.end() - run.start()


def _runs(pages: Iterable[int]) -> Iterator[Range]:
    """Yield sorted pages as ranges."""
    first = count = 0
    for page in pages:
        if count and page == first + count:
            count += 1
            continue
        if count:
            yield first, count
        first, count = page, 1
    if count:
        yield first, count


def _populate(address: int, size: int) -> None:
    # What is not mapped here is passed over: ENOMEM.
    _libc.madvise(ctypes.c_void_p(address), ctypes.c_size_t(size), _POPULATE_WRITE)


_libc = ctypes.CDLL(None)
