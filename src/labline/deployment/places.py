"""Where the platform of one project keeps its state, sockets and logs."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from labline.errors import Refused

#: Longest path of a unix socket: 104 bytes with the final NUL on macOS, 108 on Linux.
_LONGEST_SOCKET = 100
_MOST_LOGS = 40


@dataclass(frozen=True)
class Places:
    """Paths of one project. Knows no settings: the daemon uses it and should stay small."""

    #: folder of labline.toml
    root: Path
    #: folder of everything embedded, ``.labline``
    base: Path

    @property
    def identity(self) -> str:
        """Short digest of `root`: tells this project's processes from all others."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]

    @property
    def state(self) -> Path:
        """Folder of everything the running platform needs."""
        return self.base / "gateway"

    @property
    def logs(self) -> Path:
        """Folder of the logs, one file per process."""
        return self.base / "logs"

    @property
    def sockets(self) -> Path:
        """Folder of the unix sockets; outside the project where its path is too long for one."""
        if len(os.fsencode(self.state / "control")) <= _LONGEST_SOCKET:
            return self.state
        # Not the configured temporary folder: every process must find the same one.
        return Path("/tmp") / f"labline-{os.getuid()}-{self.identity}"

    @property
    def watched(self) -> Path:
        """Folder of the files that the gateway watches."""
        return self.state / "envoy"

    @property
    def bootstrap(self) -> Path:
        """File that the gateway is started with."""
        return self.watched / "bootstrap.json"

    def resource(self, kind: str) -> Path:
        """Return the file of ``lds``, ``cds``, ``rds`` or ``rtds`` that the gateway watches."""
        return self.watched / f"{kind}.json"

    def metrics(self, endpoint: str) -> Path:
        """Return the folder in which the instances of an endpoint count together."""
        return self.state / "metrics" / endpoint

    @property
    def control(self) -> Path:
        """Socket of the daemon."""
        return self.sockets / "control"

    @property
    def admin(self) -> Path:
        """Socket of the gateway's admin interface."""
        return self.sockets / "admin"

    @property
    def daemon(self) -> Path:
        """File that the daemon keeps locked as long as it lives; says who it is."""
        return self.state / "daemon.json"

    @property
    def processes(self) -> Path:
        """File in which the daemon notes what it started."""
        return self.state / "processes.json"

    def log(self, name: str) -> Path:
        """Return the log of one process."""
        return self.logs / f"{name}.log"

    def lock(self, name: str) -> Path:
        """Return the file whose lock guards `name`."""
        return self.state / f"{name}.lock"

    def make(self) -> None:
        """Make the folders, readable for nobody else.

        Raises
        ------
        Refused
            The folder for sockets belongs to someone else.
        """
        for folder in (self.state, self.sockets, self.watched, self.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if folder.stat().st_uid != os.getuid():
                raise Refused(f"{folder} belongs to another user.", fix="Have it removed.")
        self.state.chmod(0o700)
        self.sockets.chmod(0o700)

    def tail(self, name: str, lines: int = 20) -> list[str]:
        """Return the last lines of one log."""
        try:
            with self.log(name).open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - 64 * 1024))
                text = file.read().decode("utf-8", "replace")
        except FileNotFoundError:
            return []
        return text.splitlines()[-lines:]

    def prune_logs(self) -> None:
        """Remove the oldest logs of releases."""
        logs = sorted(self.logs.glob("release-*.log*"), key=lambda path: path.stat().st_mtime)
        for path in logs[:-_MOST_LOGS]:
            path.unlink(missing_ok=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of `path`; wait for whoever else does.

    The kernel gives the lock back however the process ends.
    """
    import fcntl  # not there on Windows, where a platform can be looked at though not started

    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock of `path`."""
    if not path.exists():
        return False
    import fcntl

    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
