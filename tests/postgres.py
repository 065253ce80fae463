"""A PostgreSQL server of our own, which tests may stop and start."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.ports import free_port


class Server:
    """A server on the loopback interface, its data in a folder."""

    def __init__(self, binary: str, folder: Path, user: str | None) -> None:
        self._binary, self._folder, self._user = binary, folder, user
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.url = f"postgresql+psycopg://labline@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it and wait until it answers."""
        folder = self._folder
        self._process = subprocess.Popen(
            [self._binary, "-D", folder / "data", "-k", folder, "-p", str(self.port), "-c",
             "fsync=off"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=self._user,
            cwd=folder,
        )  # fmt: skip
        _await(self.url)

    def stop(self) -> None:
        """Stop it at once; it cuts off whoever is connected."""
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
            self._process = None


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Make a server, start it, and remove it in the end."""
    initdb, binary = _binary("initdb"), _binary("postgres")
    if not initdb or not binary:
        pytest.skip("PostgreSQL is not installed")
    # A short path of its own: sockets have short names, and the server must not run as root.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    user = "postgres" if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    subprocess.run(
        [initdb, "-D", folder / "data", "-U", "labline", "-A", "trust", "--no-sync"],
        check=True,
        capture_output=True,
        user=user,
        cwd=folder,
    )
    server = Server(binary, folder, user)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _binary(name: str) -> str | None:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


def _await(url: str) -> None:
    engine = sa.create_engine(url)
    deadline = time.monotonic() + 60
    while True:
        try:
            with engine.connect():
                break
        except sa.exc.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
    engine.dispose()
