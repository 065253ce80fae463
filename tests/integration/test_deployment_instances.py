"""Releases with several instances, behind a real gateway."""

import os
import signal
from collections import Counter

import httpx
import psutil
import pytest
from tests.platforms import Line, eventually, project, traffic

from labline.errors import BadInput, BootFailed


@pytest.fixture
def up(tmp_path, free_port, leaves_nothing_running):
    with project(tmp_path, free_port) as made:
        made.platform.up()
        yield made


def instances(line: Line):
    return line.endpoints.get("churn").instances


def test_requests_are_balanced_over_the_instances_and_a_rollback_has_as_many(up):
    first = up.deploy(1, instances=2)
    assert len(set(first.ports)) == 2
    assert [(each.number, each.state, each.healthy) for each in instances(up)] == [
        (1, "ready", True),
        (2, "ready", True),
    ]
    key = up.endpoints.issue_key("churn", 600)
    url = f"http://127.0.0.1:{up.settings.gateway.port}/churn/predict"
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        asked = Counter(client.post(url, content=b"[]").json()["pid"] for _ in range(60))
    assert set(asked) == {each.pid for each in instances(up)}
    assert min(asked.values()) > 5

    counted = [up.platform.places.metrics("churn") / f"counter_release-1{n}.db" for n in ("", "-2")]
    for path in counted:
        path.touch()
    assert len(up.deploy(2).ports) == 1
    assert not any(path.exists() for path in counted), "what it counted is gone with it"
    back = up.endpoints.rollback("churn", actor="bob", key="back")
    assert len(back.ports) == 2
    assert {each.release for each in instances(up)} == {back.id}


def test_no_request_is_lost_when_one_of_two_instances_is_killed_and_it_comes_back(up):
    up.deploy(1, instances=2)
    victim = instances(up)[0].pid
    with traffic(up) as seen:
        eventually(lambda: len(seen) > 200)
        os.kill(victim, signal.SIGKILL)
        eventually(lambda: not psutil.pid_exists(victim))
        killed_at = len(seen)
        state = eventually(lambda: instances(up)[0].restarts and up.endpoints.get("churn").state)
        eventually(lambda: up.endpoints.get("churn").state == "ready", 60)
        eventually(lambda: all(each.healthy for each in instances(up)), 60)
        eventually(lambda: len(seen) > killed_at + 200)
    assert {status for status, _ in seen} == {200}
    assert state in ("degraded", "ready")
    assert instances(up)[0].restarts == 1


def test_a_request_that_ends_its_instance_ends_one_more_at_most(up):
    up.deploy(1, instances=3)
    key = up.endpoints.issue_key("churn", 600)
    url = f"http://127.0.0.1:{up.settings.gateway.port}/churn/deadly"
    answer = httpx.post(url, headers={"X-API-Key": key}, content=b"[]", timeout=30)
    assert (answer.status_code, answer.json()["status"]) == (502, 502)
    assert "before it had answered" in answer.json()["detail"]
    eventually(lambda: sum(each.restarts for each in instances(up)) == 2, 60)
    assert sum(each.restarts for each in instances(up)) == 2


def test_where_one_instance_does_not_boot_the_release_does_not(up):
    up.deploy(1)
    with pytest.raises(BootFailed, match=r"instance [12]"):
        up.deploy(2, mood="alone", instances=2)
    assert up.serves(1)
    assert [each.release for each in instances(up)] == [1]


def test_all_instances_are_back_after_down_and_up(up):
    up.deploy(1, instances=3)
    up.platform.down()
    assert up.endpoints.get("churn").state == "down"
    assert [each.state for each in up.platform.up().instances] == ["ready"] * 3


@pytest.mark.parametrize("count", [0, -1, 33])
def test_a_number_of_instances_that_cannot_be_is_refused(up, count):
    with pytest.raises(BadInput, match=f"cannot have {count} instances"):
        up.deploy(1, instances=count)
