"""A small limit of open files, and a clock that is set while the platform is up."""

import resource
import time

import psutil
import pytest
from tests.platforms import project

from labline.workflows.workers import Workers


@pytest.fixture
def line(tmp_path, free_port, leaves_nothing_running):
    with project(tmp_path, free_port) as made:
        yield made


@pytest.fixture
def few_files():
    """As it is in a shell: few open files, though more are allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(not hasattr(psutil.Process, "rlimit"), reason="the system does not tell")
def test_instances_may_have_as_many_open_files_as_the_system_allows(line, few_files):
    line.platform.up()
    line.deploy(1)
    (instance,) = line.platform.status().instances
    assert psutil.Process(instance.pid).rlimit(psutil.RLIMIT_NOFILE)[0] == min(few_files, 65_536)


def test_after_the_clock_was_set_the_worker_is_known_again_by_its_next_beat(line, monkeypatch):
    line.platform.up()
    now, born = time.time, psutil.Process.create_time
    monkeypatch.setattr(time, "time", lambda: now() + 3600)
    # It is made of the time of the boot, which the system reckons from the clock.
    monkeypatch.setattr(psutil.Process, "create_time", lambda process: born(process) + 3600)
    workers = Workers(line.database)
    (executor,) = (each for each in workers.alive() if each.startswith("worker-"))
    workers.beat(executor)
    assert line.platform.status().worker == "ready"
