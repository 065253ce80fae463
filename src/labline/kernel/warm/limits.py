"""What a kernel may use: ``LABLINE_MEMORY_LIMIT`` (bytes) and ``LABLINE_CPU_LIMIT`` (CPUs).

Memory is limited by ``RLIMIT_DATA``: all that a process can write to, so an allocation beyond it
is a ``MemoryError`` in the cell. ``RLIMIT_AS`` would count what is only reserved, which is
gigabytes for an idle Arrow or OpenBLAS.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Mapping

from labline.errors import BadInput
from labline.kernel.warm import places

MEMORY = "LABLINE_MEMORY_LIMIT"
CPUS = "LABLINE_CPU_LIMIT"
_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


def with_pool_sizes(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment, with numeric libraries told of the CPU limit unless they are set."""
    count = _number(environment, CPUS)
    return {**({name: str(count) for name in _POOLS} if count else {}), **environment}


def check(environment: Mapping[str, str]) -> None:
    """Say so if a limit is not a number.

    Raises
    ------
    BadInput
        It is not.
    """
    for name in (MEMORY, CPUS):
        _number(environment, name)


def apply(environment: Mapping[str, str], pid: int = 0) -> list[int]:
    """Limit a process (this one); return descriptors that it must hold as long as it lives.

    Only Linux has such limits.
    """
    if sys.platform != "linux":
        return []
    import resource

    if memory := _number(environment, MEMORY):
        _, hard = resource.prlimit(pid, resource.RLIMIT_DATA)
        memory = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
        resource.prlimit(pid, resource.RLIMIT_DATA, (memory, memory))
    count = _number(environment, CPUS)
    allowed = sorted(os.sched_getaffinity(pid))
    if not count or count >= len(allowed):
        return []
    held = _claim(allowed, count)
    os.sched_setaffinity(pid, held)
    return [descriptor for descriptor in held.values() if descriptor]


def _claim(allowed: list[int], count: int) -> dict[int, int | None]:
    """Choose CPUs, first those that no other limited kernel has; return the locks on them."""
    random.shuffle(allowed)
    locks = {cpu: places.lock(places.folder() / f"cpu-{cpu}") for cpu in allowed}
    allowed.sort(key=lambda cpu: locks[cpu] is None)
    for cpu in allowed[count:]:
        if held := locks.pop(cpu):
            os.close(held)
    return locks


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name) or "0"
    if not text.isascii() or not text.isdigit():
        raise BadInput(
            f"{name} is {text!r}, not a whole number.", fix=f"Unset {name} or correct it."
        )
    return int(text)
