"""Memory that is copied for a spare before it writes there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

RELEASE = tuple(int(part) for part in os.uname().release.split(".")[:2])
pytestmark = pytest.mark.skipif(
    RELEASE < (5, 14) or not Path("/proc/self/pagemap").exists(),
    reason="the system does not tell which pages are a process's own, or copies none ahead",
)
# 1,000 pages of a parent; a child's interruptions while it writes to each.
BEGIN = """
import mmap, os, resource, sys
from labline.kernel.warm.pages import Pages

block = mmap.mmap(-1, 1000 * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
block.madvise(mmap.MADV_NOHUGEPAGE)
block.write(b"x" * len(block))
pages = Pages()

def child(copy, note):
    sys.stdout.flush()
    if pid := os.fork():
        return os.waitpid(pid, 0)
    if copy:
        pages.copy()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for at in range(0, len(block), mmap.PAGESIZE):
        block[at] = 1
    print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before, flush=True)
    if note:
        pages.note()
    os._exit(0)
"""


def run(source: str) -> list[int]:
    """Return the numbers that a process prints."""
    command = [sys.executable, "-c", BEGIN + source]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [int(line) for line in done.stdout.split()]


def test_what_one_fork_has_written_to_is_copied_for_the_next() -> None:
    first, second = run("child(copy=True, note=True); child(copy=True, note=False)")
    assert first >= 1000
    assert second < 100


def test_a_few_forks_note_and_then_no_more() -> None:
    source = """
for _ in range(3):
    child(copy=False, note=True)
noted = bytes(pages._words)
child(copy=False, note=True)
print(int(bytes(pages._words) == noted))
"""
    assert run(source)[-1] == 1


def test_nonsense_in_the_shared_memory_copies_no_more_than_the_bound() -> None:
    source = """
pages._words[1] = 2**60
for at in range(2, 200):
    pages._words[at] = 2**63 + at
child(copy=True, note=False)
pages._words[2], pages._words[3] = 0, 2**50
child(copy=True, note=True)
"""
    assert min(run(source)) >= 1000
