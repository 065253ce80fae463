"""A deployment that cannot be recorded, or loses its supervisor: what served serves on."""

from contextlib import suppress

import psutil
import pytest
from tests.platforms import eventually, project

from labline.errors import LablineError, Unreachable


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


@pytest.mark.parametrize(
    ("part", "call", "serving"),
    [
        ("instances", "boot", 1),
        ("instances", "await_ready", 1),
        ("traffic", "switch", 1),
        ("releases", "go_live", 2),
        ("traffic", "drain", 2),
    ],
)
def test_where_the_supervisor_is_killed_meanwhile_the_deployment_fails_and_up_mends_it(
    line, monkeypatch, part, call, serving
):
    owner = getattr(line.platform, part)
    goes_on = getattr(owner, call)

    def alone(*given):
        psutil.Process(line.platform.control.pid).kill()
        eventually(lambda: not line.platform.running)
        return goes_on(*given)

    monkeypatch.setattr(owner, call, alone)
    # Once it is live all that is left is to stop what was.
    with pytest.raises(LablineError) if serving == 1 else suppress(LablineError):
        line.deploy(2)
    monkeypatch.undo()
    assert line.serves(serving), "what served, or has been proven, goes on"
    live = line.platform.releases.live("churn")
    assert live.plan.model == f"churn/{serving}"
    line.platform.up()
    assert line.serves(serving)
    assert set(line.platform.control.report()) == {"gateway", "worker", live.name}
    line.deploy(3)
    assert line.serves(3)
