"""A candidate beside the live release, behind a real gateway."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from threading import Event

import httpx
import psutil
import pytest
from tests.platforms import Line, eventually, project

from labline.deployment import Trial
from labline.deployment.instances import identity
from labline.errors import BadInput, BootFailed, Conflict, NotFound
from labline.records import ReleaseState


@pytest.fixture
def up(tmp_path, free_port, leaves_nothing_running):
    with project(tmp_path, free_port) as made:
        made.platform.up()
        yield made


def answers(line: Line, count: int) -> dict[str, int]:
    """Return which release answered how many of so many requests."""
    key = line.endpoints.issue_key("churn", 600)
    url = f"http://127.0.0.1:{line.settings.gateway.port}/churn/predict"
    found: dict[str, int] = {}
    with httpx.Client(headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        for _ in range(count):
            answer = client.post(url, content=b"[]")
            assert answer.status_code == 200
            release = answer.headers["x-labline-release"]
            found[release] = found.get(release, 0) + 1
    return found


def test_a_canary_answers_its_share_is_given_more_and_takes_over(up):
    up.deploy(1)
    canary = up.deploy(2, trial=Trial(weight=20))
    assert (canary.state, canary.weight) == (ReleaseState.CANDIDATE, 20)
    seen = up.endpoints.get("churn")
    assert [(each.release, each.weight) for each in seen.traffic] == [(1, 80), (2, 20)]
    assert (seen.live.model, seen.serving) == ("churn/1", "churn/1")
    assert 20 < answers(up, 300)["2"] < 120

    up.endpoints.shift(canary.id, 90)
    assert answers(up, 100)["2"] > 60

    live = up.endpoints.finish(canary.id)
    assert (live.state, live.weight) == (ReleaseState.LIVE, 0)
    assert answers(up, 20) == {"2": 20}
    seen = up.endpoints.get("churn")
    assert [(each.release, each.weight) for each in seen.traffic] == [(2, 100)]
    assert [each.release for each in seen.instances] == [2]
    assert up.endpoints.finish(canary.id) == live, "once more changes nothing"
    assert up.endpoints.rollback("churn", actor="bob", key="back").model == "churn/1"


def test_an_aborted_canary_answers_nothing_more_and_stops(up):
    up.deploy(1)
    canary = up.deploy(2, trial=Trial(weight=50))
    pid = next(i.pid for i in up.platform.status().instances if i.release == canary.id)
    aborted = up.endpoints.abort(canary.id, "p99 doubled")
    assert (aborted.state, aborted.reason) == (ReleaseState.ABORTED, "p99 doubled")
    assert answers(up, 20) == {"1": 20}
    eventually(lambda: not psutil.pid_exists(pid))
    assert up.endpoints.abort(canary.id, "again") == aborted
    with pytest.raises(Conflict, match="is aborted, not on trial"):
        up.endpoints.shift(canary.id, 10)
    with pytest.raises(NotFound, match="No release is on trial"):
        up.endpoints.candidate("churn")


def test_a_shadow_sees_every_request_and_answers_none(up):
    up.deploy(1)
    shadow = up.deploy(2, trial=Trial(mirrored=100))
    assert answers(up, 20) == {"1": 20}
    seen = partial(up.platform.places.tail, f"release-{shadow.id}", 50)
    with suppress(AssertionError):
        eventually(lambda: seen().count("churn/2 is asked") == 20)
    assert seen() == ["churn/2 begins to serve", *["churn/2 is asked"] * 20]
    (_, share) = up.endpoints.get("churn").traffic
    assert (share.model, share.weight, share.mirrored) == ("churn/2", 0, 100)


def test_both_releases_of_a_trial_are_back_after_down_and_up(up):
    up.deploy(1)
    up.deploy(2, trial=Trial(weight=50))
    up.platform.down()
    states = {each.release: each.state for each in up.platform.up().instances}
    assert states == {1: "ready", 2: "ready"}
    assert set(answers(up, 40)) == {"1", "2"}


def test_one_trial_at_a_time_and_only_beside_a_live_release(up):
    with pytest.raises(Conflict, match="Nothing is live on 'churn'"):
        up.deploy(1, trial=Trial(weight=10))
    up.deploy(1)
    up.deploy(2, trial=Trial(weight=10))
    with pytest.raises(Conflict, match="is on trial") as refused:
        up.deploy(3)
    assert "labline traffic abort churn" in refused.value.fix
    with pytest.raises(Conflict, match="is on trial"):
        up.endpoints.rollback("churn", actor="bob", key="back")
    for weight in (0, 100, -3):
        with pytest.raises(BadInput, match=f"{weight} is no share"):
            up.endpoints.shift(2, weight)


def test_a_candidate_that_does_not_boot_leaves_the_live_release_alone(up):
    up.deploy(1)
    with pytest.raises(BootFailed, match="no such model file"):
        up.deploy(2, mood="exit", trial=Trial(weight=10))
    assert answers(up, 10) == {"1": 10}
    assert [each.release for each in up.endpoints.get("churn").traffic] == [1]


def test_no_request_is_lost_while_a_canary_comes_grows_takes_over_and_is_rolled_back(up):
    up.deploy(1)
    over = Event()

    def ask_on() -> int:
        asked = 0
        while not over.is_set():
            asked += sum(answers(up, 20).values())
        return asked

    with ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(ask_on) for _ in range(8)]
        try:
            canary = up.deploy(2, trial=Trial(weight=5))
            for weight in (25, 75):
                up.endpoints.shift(canary.id, weight)
            up.endpoints.finish(canary.id)
            up.endpoints.rollback("churn", actor="bob", key="back")
            second = up.deploy(3, trial=Trial(weight=50))
            up.endpoints.abort(second.id, "enough")
        finally:
            over.set()
        assert sum(client.result() for client in clients) > 100
    assert identity(up.endpoints.get("churn").live.ports[0]).model == "churn/1"
