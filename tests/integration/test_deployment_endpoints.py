"""Releases behind a real gateway."""

import json
import socket
import threading
import time
from http.client import HTTPConnection

import httpx
import psutil
import pytest
from tests.platforms import Line, eventually, project

from labline.deployment import Endpoints, Platform
from labline.errors import BadInput, BootFailed, Conflict, Failed, NotFound
from labline.records import ReleaseState


@pytest.fixture
def line(tmp_path, free_port, leaves_nothing_running):
    with project(tmp_path, free_port) as made:
        yield made


@pytest.fixture
def up(line: Line) -> Line:
    line.platform.up()
    return line


def ask(line: Line, path: str, key: str = "", **options) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    url = f"http://127.0.0.1:{line.settings.gateway.port}{path}"
    options = {"method": "GET", "timeout": 30, **options}
    return httpx.request(url=url, headers=headers, **options)


def test_a_release_goes_live_is_replaced_and_comes_back(up):
    first = up.deploy(1)
    assert (first.state, first.model) == (ReleaseState.LIVE, "churn/1")
    assert up.serves(1)

    second = up.deploy(2)
    assert up.serves(2)
    assert [each.release for each in up.platform.status().instances] == [second.id]
    seen = up.endpoints.get("churn")
    assert (seen.live, seen.previous.id) == (second, first.id)
    assert (seen.state, seen.serving) == ("ready", "churn/2")

    back = up.endpoints.rollback("churn", actor="bob", key="back")
    assert back.id not in (first.id, second.id)
    assert (back.model, back.actor, back.state) == ("churn/1", "bob", ReleaseState.LIVE)
    assert up.serves(1)
    with pytest.raises(NotFound, match="before release 3"):
        up.endpoints.rollback("churn", actor="bob", key="further")
    assert [each.name for each in up.endpoints.list()] == ["churn"]


def test_releases_with_sockets_and_without_replace_each_other(up):
    def reached() -> set[str]:
        known = json.loads((up.platform.places.watched / "cds.json").read_text())["resources"]
        hosts = [each["load_assignment"]["endpoints"][0]["lb_endpoints"] for each in known]
        return {kind for each in hosts for host in each for kind in host["endpoint"]["address"]}

    first = up.deploy(1, sockets=False)
    assert (up.serves(1), reached()) == (True, {"socket_address"})
    second = up.deploy(2)
    assert (up.serves(2), reached()) == (True, {"pipe"})
    sockets = up.platform.places.sockets
    assert [file.stem for file in sockets.glob("*.sock")] == [str(second.ports[0])]
    up.endpoints.rollback("churn", actor="bob", key="back", release=second.id)
    assert (up.serves(1), reached(), first.model) == (True, {"socket_address"}, "churn/1")
    up.platform.down()
    assert not list(sockets.glob("*.sock"))


def test_of_two_who_roll_back_the_same_release_the_second_is_told(up):
    up.deploy(1)
    up.deploy(2)
    third = up.deploy(3)
    back = up.endpoints.rollback("churn", actor="ada", key="ada", release=third.id)
    with pytest.raises(Conflict, match=r"Release 3 is not live on 'churn' any more: churn/2"):
        up.endpoints.rollback("churn", actor="bob", key="bob", release=third.id)
    assert up.endpoints.get("churn").live.id == back.id
    assert up.serves(2)


def test_what_was_deployed_is_back_after_down_and_up(up):
    release = up.deploy(1)
    key = up.endpoints.issue_key("churn", 600)
    up.platform.down()
    seen = up.endpoints.get("churn")
    assert (seen.state, seen.serving, seen.live.id) == ("down", None, release.id)

    status = up.platform.up()
    (instance,) = status.instances
    assert (instance.release, instance.state, instance.healthy) == (release.id, "ready", True)
    assert ask(up, "/churn/predict", key, method="POST", content=b"[]").status_code == 200


def test_a_release_whose_port_was_taken_meanwhile_comes_back_on_another(up):
    release = up.deploy(1)
    up.platform.down()
    with socket.create_server(("127.0.0.1", release.ports[0])):
        (instance,) = up.platform.up().instances
        assert instance.port != release.ports[0]
        assert up.serves(1)


def test_a_call_with_the_same_key_returns_the_same_release(up):
    first = up.deploy(1, key="k")
    assert up.deploy(1, key="k") == first
    assert len(up.platform.releases.of("churn")) == 1


def test_a_deployment_that_was_cut_off_is_carried_on(up, monkeypatch):
    class Cut(BaseException):
        """As sudden as SIGKILL: nothing is cleared up."""

    def cut(*_):
        raise Cut

    with monkeypatch.context() as patched:
        patched.setattr(up.platform.instances, "await_ready", cut)
        patched.setattr(up.endpoints, "_give_up", lambda *_: None)
        with pytest.raises(Cut):
            up.deploy(1, key="k")
    (begun,) = up.platform.releases.of("churn")
    assert begun.release.state is ReleaseState.STARTING

    fresh = Platform(up.settings, up.database, worker=up.platform._worker)
    up.endpoints = Endpoints(up.settings, fresh)
    release = up.deploy(1, key="k")
    assert (release.id, release.state) == (begun.release.id, ReleaseState.LIVE)
    assert up.serves(1)
    assert len(up.platform.status().instances) == 1


def failed_attempt(line: Line, *, mood: str = "serve", says: str = "") -> BootFailed:
    """Deploy what cannot work over a good release, and check that nothing else changes."""
    before = line.deploy(1)
    processes = set(psutil.Process(line.platform.control.pid).children(recursive=True))
    with pytest.raises(BootFailed) as failed:
        line.deploy(2, mood=mood, says=says)
    assert line.serves(1)
    assert set(psutil.Process(line.platform.control.pid).children(recursive=True)) == processes
    seen = line.endpoints.get("churn")
    assert seen.live == before
    assert [each.release for each in seen.instances] == [before.id]
    newest = line.platform.releases.of("churn")[0].release
    assert newest.state is ReleaseState.FAILED
    assert newest.reason == failed.value.message
    with pytest.raises(BootFailed, match="churn/2"):
        line.deploy(2, mood=mood, says=says)
    return failed.value


def test_a_release_that_ends_at_boot_fails_at_once_with_its_last_words(up):
    start = time.monotonic()
    failed = failed_attempt(up, mood="exit")
    assert time.monotonic() - start < up.settings.serving.boot_timeout
    assert "exit code 1" in failed.message
    assert failed.details["log"] == ["churn/2 begins to exit", "no such model file"]


def test_a_release_that_never_gets_ready_fails_when_its_time_is_over(up):
    up.deploy(1)
    up.endpoints._settings = up.settings.model_copy(
        update={"serving": up.settings.serving.model_copy(update={"boot_timeout": 1.0})}
    )
    assert "not ready within 1 s" in failed_attempt(up, mood="idle").message


def test_a_release_that_serves_something_else_does_not_go_live(up):
    assert "serves" in failed_attempt(up, says="churn/7").message


def test_a_command_that_cannot_be_started_fails(up):
    (up.root / "server.py").unlink()
    with pytest.raises(BootFailed, match="exit code 2"):
        up.deploy(1)
    assert up.endpoints.get("churn").state == "empty"
    assert ask(up, "/churn/predict").status_code == 503


def test_only_a_key_of_the_endpoint_that_is_not_revoked_opens_it(up):
    up.deploy(1)
    key = up.endpoints.issue_key("churn", 600, actor="ada")
    other = up.platform.keys.issue("fraud", 600, "ada")
    path = "/churn/version"
    assert ask(up, path, key).json()["model"] == "churn/1"
    assert ask(up, path, key).headers["x-labline-release"] == "1"
    url = f"http://127.0.0.1:{up.settings.gateway.port}{path}"
    assert httpx.get(url, headers={"X-API-Key": key}).status_code == 200

    assert ask(up, path).status_code == 401
    assert ask(up, path, key[:-3] + "abc").status_code == 401
    assert ask(up, path, other).status_code == 403
    expired = up.platform.keys.mint("churn", "old", time.time() - 60)
    assert ask(up, path, expired).status_code == 401

    (known,) = up.endpoints.list_keys("churn")
    up.endpoints.revoke(known.id)
    assert ask(up, path, key).status_code == 403
    assert ask(up, path, up.endpoints.issue_key("churn", 60)).status_code == 200


def test_a_key_does_not_reach_the_release(up):
    up.deploy(1)
    key = up.endpoints.issue_key("churn", 600)
    url = f"http://127.0.0.1:{up.settings.gateway.port}/churn/predict"
    for headers in ({"X-API-Key": key}, {"Authorization": f"Bearer {key}"}):
        seen = httpx.post(url, headers=headers, content=b"[]").json()["headers"]
        assert "x-request-id" in seen
        assert not {"x-api-key", "authorization"} & set(seen)


# A machine that does ten other things says little of milliseconds.
@pytest.mark.parametrize("limit", [1.0, pytest.param(0.05, marks=pytest.mark.proof)])
def test_livez_and_readyz_need_no_key_and_every_refusal_is_problem_json_and_quick(up, limit):
    up.deploy(1)
    key = up.endpoints.issue_key("churn", 600)
    assert ask(up, "/livez").status_code == 200
    assert ask(up, "/churn/livez").status_code == 200
    assert ask(up, "/churn/readyz").json() == {"ready": True}
    large = {"method": "POST", "content": b"x" * 5000}
    refusals = [
        (404, ask(up, "/fraud/predict")),
        (404, ask(up, "/")),
        (401, ask(up, "/churn/metrics")),
        (401, ask(up, "/churn/readyz/../predict")),
        (400, ask(up, "/churn/readyz%2f..%2fpredict")),
        (413, ask(up, "/churn/predict", key, **large)),
    ]
    for status, response in refusals:
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == status
    for path in ("/fraud/predict", "/churn/predict"):
        taken = [ask(up, path).elapsed.total_seconds() for _ in range(10)]
        assert min(taken) < limit, path


@pytest.mark.parametrize("name", ["", "Churn", "a/b", "livez", "readyz", "-a", "x" * 64])
def test_a_name_that_cannot_be_in_a_url_is_refused(line, name):
    with pytest.raises(BadInput, match="name of an endpoint"):
        line.endpoints.deploy(
            name, bento=None, command_for_port=None, python="", actor="ada", key="k"
        )


def test_an_unknown_endpoint_is_not_found_and_the_nearest_is_named(up):
    up.deploy(1)
    with pytest.raises(NotFound, match="chrun") as missing:
        up.endpoints.get("chrun")
    assert "churn" in missing.value.fix
    with pytest.raises(NotFound):
        up.endpoints.issue_key("chrun", 60)


def test_two_deployments_to_one_endpoint_follow_each_other(up):
    threads = [threading.Thread(target=up.deploy, args=(version,)) for version in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = sorted(each.release.state for each in up.platform.releases.of("churn"))
    assert states == [ReleaseState.LIVE, ReleaseState.RETIRED]
    (instance,) = up.platform.status().instances
    assert up.serves(int(instance.model[-1]))


def test_a_configuration_that_envoy_refuses_is_never_handed_over(up, monkeypatch):
    up.deploy(1)
    folder = up.platform.places.watched
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    broken = {"name": "broken", "type": "NO_SUCH_TYPE"}
    with monkeypatch.context() as patched:
        patched.setattr("labline.deployment.envoy.clusters", lambda *_: [broken])
        with pytest.raises(Failed, match="Envoy refuses") as failed:
            up.platform.traffic.sync()
    assert "NO_SUCH_TYPE" in "".join(failed.value.details["log"])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert up.serves(1)


class Load(threading.Thread):
    """One kept-alive connection that asks without pause."""

    def __init__(self, port: int, key: str, over: threading.Event) -> None:
        super().__init__()
        self._connection = HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"X-API-Key": key, "Content-Type": "application/json"}
        self._over = over
        self.failures: list[str] = []
        self.answers: list[str] = []

    def run(self) -> None:
        while not self._over.is_set():
            try:
                self._connection.request("POST", "/churn/predict", b"[1]", self._headers)
                response = self._connection.getresponse()
                body = response.read()
                if response.status == 200:
                    self.answers.append(json.loads(body)["model"])
                else:
                    self.failures.append(f"{response.status} {body!r}")
            except OSError as error:
                self.failures.append(repr(error))
                self._connection.close()
        self._connection.close()


def test_a_swap_under_load_fails_no_request(up):
    up.deploy(1)
    key = up.endpoints.issue_key("churn", 600)
    over = threading.Event()
    loads = [Load(up.settings.gateway.port, key, over) for _ in range(8)]
    for load in loads:
        load.start()
    try:
        time.sleep(0.5)
        up.deploy(2)
        up.endpoints.rollback("churn", actor="ada", key="back")
    finally:
        over.set()
        for load in loads:
            load.join()
    assert [failure for load in loads for failure in load.failures] == []
    answers = [answer for load in loads for answer in load.answers]
    assert len(answers) > 200
    assert set(answers) == {"churn/1", "churn/2"}
    assert all(load.answers[-1] == "churn/1" for load in loads)


def test_a_slow_request_to_the_old_release_is_still_answered(up):
    up.deploy(1)
    key = up.endpoints.issue_key("churn", 600)
    found: list[httpx.Response] = []
    slow = threading.Thread(
        target=lambda: found.append(
            ask(up, "/churn/slow", key, method="POST", content=b"[]", timeout=60)
        )
    )
    slow.start()
    cluster = up.platform.gateway.health
    eventually(lambda: any(each.active for each in cluster().values()))
    up.deploy(2)
    slow.join()
    assert found[0].status_code == 200
    assert found[0].json()["model"] == "churn/1"
