"""Ports for the servers of tests: no two workers of a run choose the same one."""

from __future__ import annotations

import itertools
import os
import socket

#: below the ports of releases and those that systems hand out; so many for each worker
_FIRST, _EACH, _WORKERS = 10_000, 1_000, 10
_next = itertools.count(os.getpid())


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    start = _FIRST + worker % _WORKERS * _EACH
    for number in itertools.islice(_next, _EACH):
        port = start + number % _EACH
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no port from {start} on is free")
