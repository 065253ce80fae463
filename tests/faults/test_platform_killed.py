"""Processes of the platform that are killed with SIGKILL, really."""

import subprocess
import sys

import psutil
import pytest
from tests.platforms import eventually, project

from labline.deployment.processes import is_alive
from labline.errors import BootFailed


@pytest.fixture
def line(tmp_path, free_port, leaves_nothing_running):
    with project(tmp_path, free_port) as made:
        yield made


def test_an_instance_that_is_killed_is_started_again_and_serves(line):
    line.platform.up()
    line.deploy(1)
    (before,) = line.platform.status().instances
    psutil.Process(before.pid).kill()
    eventually(lambda: line.serves(1))
    (after,) = line.platform.status().instances
    assert after.pid != before.pid
    assert (after.state, after.restarts) == ("ready", 1)


def test_a_gateway_that_is_killed_is_started_again_and_serves(line):
    line.platform.up()
    line.deploy(1)
    daemon = psutil.Process(line.platform.control.pid)
    next(each for each in daemon.children() if "envoy" in each.name()).kill()
    eventually(lambda: line.serves(1))
    assert line.platform.status().gateway == "ready"


def test_an_instance_that_ends_again_and_again_is_a_crash_loop_and_harms_nobody(line):
    line.platform.up()
    line.deploy(1)
    script = line.root / "server.py"
    script.write_text("raise SystemExit('disk gone')")
    psutil.Process(line.platform.status().instances[0].pid).kill()
    looping = eventually(
        lambda: [each for each in line.platform.status().instances if each.state == "crash loop"],
        60,
    )
    assert looping[0].serving is None
    assert line.platform.status().worker == "ready"
    assert line.endpoints.get("churn").state == "crash loop"
    assert "disk gone" in line.platform.places.tail("release-1")


def test_what_a_killed_worker_started_does_not_outlive_it(line):
    code = (
        "import subprocess, sys\n"
        "argv = [sys.executable, '-c', 'import time; time.sleep(99)']\n"
        "subprocess.Popen(argv, start_new_session=True)\n"
    )
    script = line.root / "worker.py"
    script.write_text(code + script.read_text())
    status = line.platform.up()
    worker = line.platform.control.report()["worker"].pid
    (child,) = psutil.Process(worker).children()
    psutil.Process(worker).kill()
    eventually(lambda: line.platform.control.report()["worker"].pid not in (worker, None))
    eventually(lambda: line.platform.status().worker == "ready")
    assert not is_alive(child)
    assert line.platform.status().pid == status.pid


def test_after_a_killed_daemon_status_tells_and_up_recovers_without_doubles(line):
    first = line.platform.up()
    line.deploy(1)
    orphans = psutil.Process(first.pid).children(recursive=True)
    psutil.Process(first.pid).kill()
    eventually(lambda: not line.platform.running)
    assert line.serves(1), "what serves goes on serving"
    status = line.platform.status()
    assert (status.running, status.gateway) == (False, "down")
    assert "3 of its processes still run" in status.problem

    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        again = line.platform.up()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    assert again.started
    assert again.problem == ""
    assert not any(is_alive(each) for each in orphans)
    assert len(psutil.Process(again.pid).children()) == 3
    assert line.serves(1)


def test_down_also_ends_what_a_killed_daemon_left(line):
    status = line.platform.up()
    orphans = psutil.Process(status.pid).children(recursive=True)
    psutil.Process(status.pid).kill()
    eventually(lambda: not line.platform.running)
    assert line.platform.down()
    assert not any(is_alive(each) for each in orphans)
    assert not line.platform.down()


def test_a_daemon_that_hangs_is_told_and_down_ends_it(line, monkeypatch):
    status = line.platform.up()
    daemon = psutil.Process(status.pid)
    daemon.suspend()
    monkeypatch.setattr("labline.deployment.control.ANSWER", 0.5)
    monkeypatch.setattr("labline.deployment.platform.GRACE", -9.0)
    assert "does not answer" in line.platform.status().problem
    assert line.platform.down()
    assert not is_alive(daemon)
    assert not line.platform.running


def test_a_deployment_whose_process_is_killed_is_carried_on_by_the_next(line):
    line.platform.up()
    code = (
        "import sys; from pathlib import Path; from tests.platforms import Line\n"
        f"line = Line(Path({str(line.root)!r}), {line.settings.gateway.port})\n"
        "line.platform.instances.await_ready = lambda *_: (print(flush=True), sys.stdin.read())\n"
        "line.deploy(1, key='k')\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as deployer:
        assert deployer.stdout
        deployer.stdout.readline()
        deployer.kill()
    before = line.platform.control.report()["release-1"]
    release = line.deploy(1, key="k")
    assert release.id == 1
    assert line.platform.control.report()["release-1"].pid == before.pid
    assert line.serves(1)


def test_an_instance_that_dies_while_it_boots_fails_and_the_platform_goes_on(line):
    line.platform.up()
    with pytest.raises(BootFailed, match="no such model file"):
        line.deploy(1, mood="exit")
    assert line.deploy(2).state == "live"
    assert line.serves(2)
