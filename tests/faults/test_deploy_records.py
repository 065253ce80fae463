"""A deployment that cannot be recorded: what served serves on, and nothing is left running."""

import pytest
from tests.platforms import project

from labline.errors import Unreachable


@pytest.fixture
def line(tmp_path, free_port, leaves_nothing_running):
    with project(tmp_path, free_port) as made:
        made.platform.up()
        made.deploy(1)
        yield made


def full(*_args, **_kwargs):
    raise Unreachable("database or disk is full")


@pytest.mark.parametrize("calls", [["go_live"], ["fail", "go_live"]])
def test_a_release_that_cannot_be_recorded_as_live_gets_no_traffic_and_ends(
    line, monkeypatch, calls
):
    for call in calls:
        monkeypatch.setattr(line.platform.releases, call, full)
    with pytest.raises(Unreachable, match="disk is full"):
        line.deploy(2)
    assert line.serves(1)
    assert set(line.platform.control.report()) == {"gateway", "worker", "release-1"}
    monkeypatch.undo()
    line.deploy(3)
    assert line.serves(3)
