"""Find and end processes, without ever touching one that labline did not start.

Everything the daemon starts carries :data:`MARK` in its environment, and so does all that such a
process starts in turn. psutil compares the creation time before it sends a signal, so a process
that was given an old pid by chance is safe.
"""

from __future__ import annotations

import json
import os
import random
import socket
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

MARK = "LABLINE_SUPERVISED"
#: Ports of instances: below those that systems hand out for outgoing connections.
_PORTS = (20_000, 30_000)


def mark(identity: str, name: str) -> str:
    """Return the value of :data:`MARK` for the process `name` of the project `identity`."""
    # closed by a colon: release-1 must not begin release-12
    return f"{identity}:{name}:"


def marked(prefix: str) -> list[psutil.Process]:
    """Return the living processes whose mark begins so, except this one."""
    return [each for each in psutil.process_iter() if _mark(each).startswith(prefix)]


def _mark(process: psutil.Process) -> str:
    if process.pid == os.getpid():
        return ""
    try:
        return process.environ().get(MARK, "") if is_alive(process) else ""
    except (psutil.Error, OSError):
        return ""


def recorded(path: Path, identity: str) -> list[psutil.Process]:
    """Return those processes of a project's record that still live: same pid and creation time.

    What a copied folder brought along is a record of another project.
    """
    try:
        notes = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    running = notes["running"] if notes.get("project") == identity else {}
    return [each for pid, created in running.values() for each in _same(pid, created)]


def _same(pid: int, created: float) -> Iterator[psutil.Process]:
    try:
        process = psutil.Process(pid)
        if abs(process.create_time() - created) < 0.01:
            yield process
    except psutil.NoSuchProcess:
        return


def end(processes: Iterable[psutil.Process], *, grace: float = 5.0) -> int:
    """Terminate, wait up to `grace` seconds, then kill; return how many there were."""
    unique = list(set(processes))
    if grace:
        _signal(unique, "terminate")
    stubborn = _wait(unique, grace)
    _signal(stubborn, "kill")
    _wait(stubborn, 5)
    return len(unique)


def is_alive(process: psutil.Process) -> bool:
    """Whether a process still runs; one that only waits to be buried does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _wait(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Return those that are alive after so many seconds."""
    # Not psutil.wait_procs: it waits for burial, which is up to whoever the parent is.
    deadline = time.monotonic() + seconds
    while (left := [each for each in processes if is_alive(each)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _signal(processes: Iterable[psutil.Process], how: str) -> None:
    for process in processes:
        try:
            getattr(process, how)()
        except psutil.NoSuchProcess:
            continue


def port_is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def pick_ports(count: int, taken: Iterable[int]) -> tuple[int, ...]:
    """Return so many free ports on loopback that are not in `taken`."""
    spoken_for, found = set(taken), list[int]()
    while len(found) < count:
        port = random.randrange(*_PORTS)
        if port not in spoken_for and port_is_free("127.0.0.1", port):
            found.append(port)
            spoken_for.add(port)
    return tuple(found)


def holder(port: int) -> str:
    """Return ``name (pid N)`` of who listens on `port`; empty where the system does not tell."""
    for process in psutil.process_iter():
        if _listens(process, port):
            return f"{process.name()} (pid {process.pid})"
    return ""


def listens(pid: int, port: int) -> bool:
    """Whether a process, or one that it started, listens on `port`: else another may answer."""
    try:
        first = psutil.Process(pid)
        return any(_listens(each, port) for each in (first, *first.children(recursive=True)))
    except psutil.Error:
        return False


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        found = process.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return False
    return any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in found)
