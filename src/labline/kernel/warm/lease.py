"""How a provisioner gets a kernel: find or start the zygote, take a spare, tell it who to be."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labline.kernel.warm import places, wire
from labline.kernel.warm.key import Key
from labline.kernel.warm.process import WarmProcess
from labline.kernel.warm.wire import CannotServe

# A zygote imports ipykernel before it serves; on a machine that is busy this takes its time.
_START_TIMEOUT = 20.0
_REPLY_TIMEOUT = 10.0
_ATTEMPTS = 3


@dataclass(frozen=True)
class Job:
    """What a spare becomes."""

    #: as in the connection file; ``None`` if it is by TCP or encrypted
    connection: Mapping[str, Any] | None
    connection_file: str
    #: how the names of the sockets begin, if they are files
    sockets: str
    #: what follows ``python -m MODULE``
    arguments: Sequence[str]
    environment: Mapping[str, str]
    cwd: str
    umask: int
    #: descriptors
    stdout: int
    stderr: int
    #: process whose end is the kernel's end too
    owner: int | None

    @property
    def message(self) -> dict[str, Any]:
        """What the spare is told, besides descriptors."""
        names = ("connection", "connection_file", "sockets", "arguments", "environment", "cwd")
        return {"umask": self.umask, **{name: getattr(self, name) for name in names}}


def take(key: Key, job: Job, **options: float) -> WarmProcess:
    """Return a kernel that has become what `job` says.

    Parameters
    ----------
    options
        Of a zygote that has to be started: see :class:`~labline.kernel.warm.zygote.Options`.

    Raises
    ------
    CannotServe
        There is no zygote, none can be started, or it refuses.
    """
    if job.connection is None:
        raise CannotServe("it is to be reached by TCP or with encryption")
    for _ in range(_ATTEMPTS):
        zygote = _connected(key, options)
        try:
            kernel = _ask(zygote, job)
        except EOFError:
            # It retired a moment ago.
            zygote.close()
            continue
        except OSError as error:
            zygote.close()
            raise CannotServe(f"the zygote does not answer ({error})") from error
        _tell(kernel, job)
        return kernel
    raise CannotServe(f"zygote {key.digest} ends as soon as it is asked")


def stop(root: Path) -> None:
    """End the zygotes of a project; its running kernels go on."""
    for zygote in _all():
        with contextlib.suppress(OSError), zygote:
            wire.send(zygote, {"stop": str(root)})


def zygotes(root: Path) -> list[dict[str, Any]]:
    """Return what the zygotes of a project say of themselves."""
    found = []
    for zygote in _all():
        with contextlib.suppress(OSError, EOFError, ValueError), zygote:
            wire.send(zygote, {"tell": str(root)})
            found.append(wire.receive(zygote)[0])
    return [said for said in found if said]


def _all() -> Iterator[socket.socket]:
    """Yield connections to the zygotes of this user."""
    for path in places.folder().glob("z-*.sock"):
        with contextlib.suppress(OSError):
            yield _connect(path)


def _ask(zygote: socket.socket, job: Job) -> WarmProcess:
    """Return a kernel that waits to be told what to be."""
    try:
        wire.send(zygote, {"cwd": job.cwd, "sockets": job.sockets})
        reply, descriptors = wire.receive(zygote)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise EOFError from error
    if "stale" in reply:
        raise EOFError
    if "refused" in reply:
        zygote.close()
        raise CannotServe(reply["refused"])
    pidfd, spare = descriptors
    return WarmProcess(reply["pid"], pidfd, zygote, socket.socket(fileno=spare))


def _tell(kernel: WarmProcess, job: Job) -> None:
    """Tell a spare what to be, and wait until it is."""
    owner: list[int] = []
    kernel.channel.settimeout(_REPLY_TIMEOUT)
    try:
        if job.owner is not None:
            owner.append(os.pidfd_open(job.owner))
        wire.send(kernel.channel, job.message, [job.stdout, job.stderr, *owner])
        wire.receive(kernel.channel)
    except (OSError, EOFError) as error:
        kernel.abandon()
        raise CannotServe(f"the spare did not become a kernel ({error or 'it ended'})") from error
    finally:
        for descriptor in owner:
            os.close(descriptor)


def _connected(key: Key, options: Mapping[str, float]) -> socket.socket:
    path = places.folder() / f"z-{key.digest}.sock"
    with contextlib.suppress(OSError):
        return _connect(path)
    _start(key, options)
    deadline = time.monotonic() + _START_TIMEOUT
    while True:
        try:
            return _connect(path)
        except OSError as error:
            if time.monotonic() > deadline:
                raise CannotServe(f"the zygote does not listen ({error})") from error
            # Another process started it and is not ready yet.
            time.sleep(0.02)


def _connect(path: Path) -> socket.socket:
    zygote = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    zygote.settimeout(_REPLY_TIMEOUT)
    try:
        zygote.connect(str(path))
    except OSError:
        zygote.close()
        raise
    return zygote


def _start(key: Key, options: Mapping[str, float]) -> None:
    told = {"digest": key.digest, "module": key.module, "root": key.root, **options}
    try:
        subprocess.run(
            [key.python, "-m", "labline.kernel.warm", json.dumps(told)],
            env=dict(key.environment),
            cwd=key.cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_START_TIMEOUT,
            start_new_session=True,
        )
    except subprocess.CalledProcessError as error:
        last = error.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise CannotServe(f"the zygote does not start: {last}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotServe(f"the zygote does not start: {error}") from error
