"""A project that is copied or moved while its platform is up; a platform that is up by half."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from tests.platforms import Line, eventually, project

from labline.deployment.processes import is_alive
from labline.errors import Conflict


@pytest.fixture
def line(tmp_path, free_port, leaves_nothing_running):
    with in_folder(tmp_path / "first", free_port) as made:
        yield made


@pytest.fixture
def deep(tmp_path, free_port, leaves_nothing_running):
    """A project whose path is too long for sockets in it."""
    with in_folder(tmp_path / ("deep" * 20) / "first", free_port) as made:
        assert made.platform.places.sockets != made.platform.places.state
        yield made


@contextmanager
def in_folder(folder: Path, port: int) -> Iterator[Line]:
    folder.mkdir(parents=True)
    with project(folder, port) as made:
        yield made


def copy(line: Line) -> Line:
    sockets = shutil.ignore_patterns("*.sock", "control", "admin")
    shutil.copytree(line.root, line.root.with_name("second"), ignore=sockets)
    return Line(line.root.with_name("second"), line.settings.gateway.port + 1)


def test_a_copy_of_a_project_that_is_up_does_not_take_the_processes_for_its_own(line):
    first = line.platform.up()
    line.deploy(1)
    running = psutil.Process(first.pid).children()
    second = copy(line)
    try:
        assert second.platform.status().problem == ""
        assert not second.platform.down()
        assert all(map(is_alive, running))
        assert line.serves(1)
    finally:
        second.database.close()


@pytest.mark.parametrize("path", ["line", "deep"])
def test_a_project_that_was_moved_while_it_is_up_says_so_comes_down_and_serves_what_is_new(
    path, request
):
    line = request.getfixturevalue(path)
    line.platform.up()
    line.deploy(1)
    old, new = line.root, line.root.with_name("second")
    line.database.close()
    old.rename(new)
    moved = Line(new, line.settings.gateway.port)
    try:
        assert f"was {old}; it is {new} now" in moved.platform.status().problem
        for change in (moved.platform.up, lambda: moved.deploy(2)):
            with pytest.raises(Conflict, match="labline down"):
                change()
        family, sockets = moved.platform.control.family(), line.platform.places.sockets
        assert len(family) >= 4, "the daemon, the gateway, a worker, a release"
        assert moved.platform.down()
        # The daemon lets go of its lock a moment before it is gone.
        eventually(lambda: not any(map(is_alive, family)))
        assert not sockets.exists()
        (gone,) = moved.platform.up().instances
        assert gone.state == "down"
        assert f"its Bento {old} is not there" in "".join(moved.platform.places.tail("release-1"))
        moved.deploy(2)
        assert moved.serves(2)
    finally:
        moved.platform.down()
        moved.database.close()
        shutil.rmtree(old, ignore_errors=True)


UP = """
import os, signal, sys
from pathlib import Path
from labline.deployment.control import Control
from tests.platforms import Line

line, name = Line(Path(sys.argv[1]), int(sys.argv[2])), sys.argv[3]
add = Control.add

def killed(self, each, command):
    if each == name:
        os.kill(os.getpid(), signal.SIGKILL)
    add(self, each, command)

Control.add = killed
line.platform.up()
"""


@pytest.mark.parametrize("before", ["gateway", "worker", "release-1"])
def test_an_up_that_is_killed_is_carried_on_by_the_next(line, before):
    line.platform.up()
    line.deploy(1)
    line.platform.down()
    argv = [sys.executable, "-c", UP, str(line.root), str(line.settings.gateway.port), before]
    assert subprocess.run(argv, check=False).returncode == -signal.SIGKILL
    assert line.platform.running
    status = line.platform.up()
    assert (status.gateway, status.worker) == ("ready", "ready")
    assert eventually(lambda: line.serves(1))
