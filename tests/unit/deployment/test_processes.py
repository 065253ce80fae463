import json
import os
import socket
import subprocess
import sys

import psutil
import pytest

from labline.deployment import processes

SLEEP = "import time; time.sleep(60)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEP!r}])"


@pytest.fixture
def start():
    started = []

    def begin(mark: str, code: str = SLEEP) -> psutil.Process:
        env = {**os.environ, processes.MARK: mark}
        started.append(subprocess.Popen([sys.executable, "-c", code], env=env))
        return psutil.Process(started[-1].pid)

    yield begin
    for process in started:
        process.kill()
        process.wait()


def test_a_name_that_begins_like_another_is_another(start):
    one = start(processes.mark("p-test", "release-1"))
    other = start(processes.mark("p-test", "release-12"))
    assert processes.marked(processes.mark("p-test", "release-1")) == [one]
    assert set(processes.marked("p-test:")) == {one, other}


def test_what_a_process_started_is_found_after_its_death(start):
    parent = start(processes.mark("p-orphan", "worker"), PARENT)
    while not parent.children():
        pass
    (child,) = parent.children()
    parent.kill()
    parent.wait()
    assert processes.marked("p-orphan:") == [child]
    assert processes.end([child], grace=0) == 1
    assert processes.marked("p-orphan:") == []


def test_a_record_is_only_good_for_the_same_process_of_the_same_project(start, tmp_path):
    process = start("p:x:")
    path = tmp_path / "processes.json"
    running = {"worker": [process.pid, process.create_time()]}
    path.write_text(json.dumps({"project": "p", "running": running}))
    assert processes.recorded(path, "p") == [process]
    assert processes.recorded(path, "a copy of p") == []
    running = {"worker": [process.pid, process.create_time() - 5]}
    path.write_text(json.dumps({"project": "p", "running": running}))
    assert processes.recorded(path, "p") == []
    assert processes.recorded(tmp_path / "nothing", "p") == []


def test_who_holds_a_port_is_told(start):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert not processes.port_is_free("127.0.0.1", port)
        assert f"pid {os.getpid()}" in processes.holder(port)
        assert processes.listens(os.getpid(), port)
        assert not processes.listens(start("p:y:").pid, port)
    assert processes.port_is_free("127.0.0.1", port)
    assert processes.holder(port) == ""
    assert not processes.listens(os.getpid(), port)


def test_picked_ports_are_different_and_none_of_those_spoken_for():
    picked = processes.pick_ports(5, range(20_000, 29_500))
    assert len(set(picked)) == 5
    assert min(picked) >= 29_500
