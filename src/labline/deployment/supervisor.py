"""The daemon: circus, with what it lacks for keeping a platform alive.

``python -m labline.deployment.supervisor ROOT STATE HANGS BYTES FILES [SHARE TRACES]`` returns as
soon as the daemon answers. It ends what has not answered for HANGS seconds; keeps the gateway's
access log below so many bytes, and so many older files of it; and has the gateway trace a share of
its requests, and at most so many a second. It begins with nothing to watch;
:mod:`labline.deployment.control` adds to it.

What is added to circus: a process that ends at once is started again ever more slowly, instead of
every second or taking the daemon down; what a dead process leaves behind is ended first; stopping
one process does not hold up the others; a death is noticed when it happens.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO

import psutil

from labline import __version__
from labline.deployment import web
from labline.deployment.hangs import Hangs
from labline.deployment.places import Places
from labline.deployment.rotation import Rotation
from labline.deployment.sampling import Sampling

NAME = "supervisor"
#: what is done every now and then, in a thread
Chore = Callable[[], object]
_CHECK = 2.0
_TRIES, _PAUSE = 50, 0.02
_LOG_BYTES = 5 * 2**20
_LOGS_KEPT = 3
_FILES = 65_536


def main() -> None:
    """Start the daemon and return once it answers; exit 1 where it does not."""
    places = Places(Path(sys.argv[1]), Path(sys.argv[2]))
    ready, announce = os.pipe()
    if os.fork():
        os.close(announce)
        sys.exit(0 if os.read(ready, 1) else 1)
    os.close(ready)
    os.setsid()
    _raise_files()
    with places.daemon.open("a+") as file:
        _lock(file)
        _write_self(file, places.root)
        _log_to(places.log(NAME))
        hangs, size, kept = float(sys.argv[3]), *map(int, sys.argv[4:6])
        chores = [
            _access_log(places, size, kept).look,
            *_sampling(places, sys.argv[6:]),
            Hangs(places, hangs).look,
        ]
        asyncio.run(_supervise(places, announce, chores))


def _raise_files() -> None:
    """Let what is started have more than the usual 1,024 open files: each request is one."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _lock(file: IO[str]) -> None:
    import fcntl

    for _ in range(_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # Most likely somebody who looks whether the daemon is there, for an instant.
            time.sleep(_PAUSE)
        else:
            return
    sys.exit("Another supervisor of this project is running.")


def _write_self(file: IO[str], root: Path) -> None:
    process = psutil.Process()
    file.truncate(0)
    facts = {
        "pid": process.pid,
        "created": process.create_time(),
        "version": __version__,
        "root": str(root),
        "settings": sys.argv[3:],
    }
    json.dump(facts, file)
    file.flush()


def _log_to(path: Path) -> None:
    handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=_LOGS_KEPT)
    logging.basicConfig(
        level=logging.INFO, handlers=[handler], format="%(asctime)s %(levelname)s %(message)s"
    )


def _access_log(places: Places, size: int, kept: int) -> Rotation:
    def reopen() -> object:
        return web.post(places.admin, "/reopen_logs")

    return Rotation(places.log("access"), size, kept, reopen)


def _sampling(places: Places, given: Sequence[str]) -> list[Chore]:
    return [Sampling(places, float(given[0]), int(given[1])).look] if given else []


async def _supervise(places: Places, announce: int, chores: Sequence[Chore]) -> None:
    from tornado.ioloop import IOLoop

    from labline.deployment.arbiter import Supervisor

    supervisor = Supervisor(places, chores, check_delay=_CHECK, loop=IOLoop.current())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGCHLD, supervisor.notice)
    await supervisor.start()
    places.control.chmod(0o600)
    os.write(announce, b".")
    os.close(announce)
    await supervisor.ended.wait()


if __name__ == "__main__":
    main()
