"""Where sockets lie: one folder per user that nobody else can enter, with short names.

===================  ===================================================================
``z-KEY.sock``       where the zygote of a key listens
``z-KEY.log``        what it has to say; locked while it lives
``k-TOKEN-CHANNEL``  the five sockets of a kernel
``s-PID-CHANNEL``    the same of a spare, which is renamed to the former
``cpu-N``            locked by the kernel that has this CPU
===================  ===================================================================
"""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import time
from pathlib import Path

from labline.kernel.warm.wire import CannotServe

CHANNELS = 5
_STALE_AFTER = 60.0


def folder() -> Path:
    """Return the folder, made if need be; the same whatever the environment says.

    Raises
    ------
    CannotServe
        It cannot be made, belongs to somebody else or is open to others.
    """
    # The path of a socket has 107 bytes, and TMPDIR may have more.
    path = Path("/tmp") / f"labline-{os.getuid()}"
    try:
        path.mkdir(mode=0o700, exist_ok=True)
        facts = path.lstat()
    except OSError as error:
        raise CannotServe(f"{path} cannot be made: {error}") from error
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.getuid() or facts.st_mode & 0o077:
        raise CannotServe(
            f"{path} is not a folder of this user alone.", fix=f"Remove {path} or chmod it to 0700."
        )
    return path


def unlink_sockets(prefix: str) -> None:
    """Remove a kernel's or a spare's sockets."""
    for channel in range(1, CHANNELS + 1):
        Path(f"{prefix}-{channel}").unlink(missing_ok=True)


def unlink_dead_sockets(prefix: str) -> None:
    """Remove a kernel's sockets, but not those of a kernel that has their names by now."""
    for channel in range(1, CHANNELS + 1):
        path = Path(f"{prefix}-{channel}")
        if _is_dead(path):
            path.unlink(missing_ok=True)


def lock(path: Path) -> int | None:
    """Return a descriptor that holds the lock on a file, ``None`` if another process has it."""
    import fcntl

    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def sweep() -> None:
    """Remove what killed processes left."""
    for path in folder().glob("[ks]-*"):
        if not _is_young(path) and _is_dead(path):
            path.unlink(missing_ok=True)
    for path in folder().glob("z-*.log"):
        if held := lock(path):
            path.with_suffix(".sock").unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            os.close(held)


def _is_dead(path: Path) -> bool:
    """Tell whether it is a socket that nobody listens at."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


def _is_young(path: Path) -> bool:
    """Tell whether somebody may be about to listen."""
    with contextlib.suppress(OSError):
        return time.time() - path.lstat().st_mtime < _STALE_AFTER
    return True
