"""Events: what changes is told to whoever listens, and to whoever comes back."""

import asyncio
import json

import pytest
from tests.jobs import until
from tornado.httpclient import HTTPClientError

from labline.errors import Unreachable
from labline.lab import Lab
from labline.server.bench import Bench
from labline.server.watcher import Source, Watcher


@pytest.fixture
def jp_server_config():
    return {"ServerApp": {"jpserver_extensions": {"labline": True}}}


@pytest.fixture
def project(jp_root_dir):
    (jp_root_dir / "labline.toml").write_text('[project]\nname = "churn"\n')
    return jp_root_dir


async def told(socket, type):
    """Return the next event of a type."""
    while True:
        text = await asyncio.wait_for(socket.read_message(), 60)
        assert text is not None, "the connection was closed"
        event = json.loads(text)
        if event["type"] == type:
            return event


async def test_a_stranger_may_not_listen(jp_ws_fetch):
    with pytest.raises(HTTPClientError, match="403"):
        await jp_ws_fetch("labline/api/events", headers={"Authorization": "token no"})


async def test_a_new_run_is_told_and_told_again_to_who_comes_back(jp_ws_fetch, project, jp_web_app):
    tracking = Lab.from_(project).tracking
    tracking.create_run("churn", "first")
    socket = await jp_ws_fetch("labline/api/events")
    hello = await told(socket, "hello")
    watcher = jp_web_app.settings["labline_watcher"]
    await asyncio.to_thread(until, lambda: "run" in watcher._known, 60)
    run = tracking.create_run("churn", "<b>second</b>")
    event = await told(socket, "run")
    assert (event["id"], event["data"]["name"]) == (run.id, "<b>second</b>")
    socket.close()

    back = await jp_ws_fetch("labline/api/events")
    await told(back, "hello")
    back.write_message(json.dumps({"after": hello["seq"]}))
    assert (await told(back, "run"))["seq"] == event["seq"]
    back.write_message(json.dumps({"after": 1}))
    await told(back, "reset")
    back.close()


@pytest.fixture
def bench(tmp_path):
    (tmp_path / "labline.toml").touch()
    made = Bench(tmp_path)
    yield made
    made.close()


def watched(bench, look):
    watcher, events = Watcher(bench, (Source("job", 0.01, look),)), []

    def hear(event):
        if event["type"] != "watched":
            events.append(event)

    watcher.join(hear)
    return watcher, events


def test_what_changes_and_what_goes_is_told_once(bench):
    records = {"a": {"n": 1}, "b": {"n": 1}}
    watcher, events = watched(bench, lambda lab: dict(records))
    until(lambda: watcher._known)
    records["a"] = {"n": 2}
    until(lambda: len(events) == 1)
    del records["b"]
    until(lambda: len(events) == 2)
    assert [(event["id"], event["data"]) for event in events] == [("a", {"n": 2}), ("b", None)]
    assert events[1]["seq"] == events[0]["seq"] + 1
    watcher.leave(watcher._listeners[0])


def test_a_kind_that_is_looked_at_for_the_first_time_is_to_be_asked_for_again(bench):
    watcher, events = Watcher(bench, (Source("job", 0.01, lambda lab: {"a": 1}),)), []
    tell = events.append
    watcher.join(tell)
    until(lambda: events)
    assert (events[0]["type"], events[0]["id"]) == ("watched", "job")
    watcher.leave(tell)


def test_nobody_listening_is_no_looking(bench):
    looks = []
    watcher, events = watched(bench, lambda lab: looks.append(1) or {})
    until(lambda: looks)
    watcher.leave(watcher._listeners[0])
    until(lambda: watcher._thread is None)
    # What changed while nobody listened is told to the next.
    watcher._known["job"] = {"gone": b"1"}
    watcher.join(events.append)
    until(lambda: events)
    assert (events[0]["id"], events[0]["data"]) == ("gone", None)
    watcher.leave(watcher._listeners[0])


def test_a_store_that_is_away_is_told_once_and_so_is_its_return(bench):
    away = [Unreachable("MLflow is away.")]

    def look(lab):
        for error in away:
            raise error
        return {}

    watcher, events = watched(bench, look)
    until(lambda: events)
    away.clear()
    until(lambda: len(events) == 2)
    assert [event["type"] for event in events] == ["away", "away"]
    assert events[0]["data"]["message"] == "MLflow is away."
    assert events[1]["data"] is None
    watcher.leave(watcher._listeners[0])
