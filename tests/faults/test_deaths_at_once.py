"""Many processes of a platform that die in the same moment: each is started again."""

import psutil
import pytest
from tests.platforms import eventually, project

INSTANCES = 8


@pytest.fixture
def line(tmp_path, free_port, leaves_nothing_running):
    with project(tmp_path, free_port) as made:
        made.platform.up()
        made.deploy(1, instances=INSTANCES)
        yield made


def test_what_dies_in_the_same_moment_is_started_again(line):
    before = line.platform.control.report()
    for watch in before.values():
        psutil.Process(watch.pid).kill()

    def again() -> bool:
        now = line.platform.control.report()
        return all(now[name].pid not in (None, before[name].pid) for name in before)

    eventually(again, 60)
    eventually(lambda: all(each.healthy for each in line.platform.status().instances), 60)
    assert "added twice" not in "".join(line.platform.places.tail("supervisor", 200))
