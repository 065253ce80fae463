"""How a zygote comes to be: alone for its key, detached, and with what every kernel needs."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
from pathlib import Path

from labline.kernel.warm import ahead, places, streams
from labline.kernel.warm.fingerprint import Fingerprint
from labline.kernel.warm.zygote import Options, Zygote

_BACKLOG = 64


def become_zygote(text: str) -> Zygote | None:
    """Become a zygote in the background; the process that was started ends when it listens.

    Returns ``None`` if there is one already.
    """
    options = Options(**json.loads(text))
    path = places.folder() / f"z-{options.digest}"
    lock = _lock(path.with_suffix(".log"))
    if lock is None:
        return None
    listener = _listen(path.with_suffix(".sock"))
    if os.fork():
        os._exit(0)
    os.setsid()
    # ipykernel has it so too, later: a kernel may be interrupted while it is built.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _write_to(path.with_suffix(".log"))
    streams.install()
    places.sweep()
    fingerprint = Fingerprint()
    ahead.import_what_all_need(options.module)
    return Zygote(options, listener, lock, fingerprint)


def _lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock on a file, ``None`` if another process has it."""
    while True:
        descriptor = places.lock(path)
        if descriptor is None:
            return None
        # Whoever had it may have removed the file in between.
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                os.ftruncate(descriptor, 0)
                return descriptor
        os.close(descriptor)


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(_BACKLOG)
    return listener


def _write_to(path: Path) -> None:
    """Let stdin be empty, and stdout and stderr be a file."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    log = os.open(path, os.O_WRONLY | os.O_APPEND)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(nothing)
    os.close(log)
