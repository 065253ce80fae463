"""Processes of the platform that hang, really: SIGSTOP."""

import os
import signal
import time

import pytest
from tests.platforms import eventually, project, traffic


@pytest.fixture
def line(tmp_path, free_port, leaves_nothing_running, monkeypatch):
    monkeypatch.setattr("labline.deployment.daemon._HANGS", 6.0)
    with project(tmp_path, free_port) as made:
        made.set('timeout = "2s"')
        made.platform.up()
        yield made


def stop(line, name):
    # What never answered is left alone: it may be loading a model. The daemon asks every 2 s.
    time.sleep(7)
    pid = line.platform.control.report()[name].pid
    os.kill(pid, signal.SIGSTOP)
    return pid


def test_a_lone_instance_that_hangs_is_started_again_and_serves(line):
    line.deploy(1)
    pid = stop(line, "release-1")
    eventually(lambda: line.platform.control.report()["release-1"].pid not in (pid, None), 60)
    eventually(lambda: line.serves(1))
    assert "has not answered for 6 s" in "".join(line.platform.places.tail("supervisor"))


def test_a_gateway_that_hangs_is_started_again_and_serves(line):
    line.deploy(1)
    pid = stop(line, "gateway")
    eventually(lambda: line.platform.control.report()["gateway"].pid not in (pid, None), 60)
    eventually(lambda: line.serves(1))


def test_of_two_instances_the_other_answers_while_one_hangs(line):
    line.deploy(1, instances=2)
    pid = stop(line, "release-1")
    with traffic(line) as seen:
        eventually(lambda: line.platform.control.report()["release-1"].pid not in (pid, None), 60)
        eventually(lambda: all(each.healthy for each in line.platform.status().instances))
    failed = [status for status, _ in seen if status != 200]
    # those that it had when it began to hang: one of each client
    assert set(failed) <= {504}
    assert len(failed) <= 3 * 8
    assert len(seen) > 10 * len(failed)
