"""The REST API, over HTTP, on a real Jupyter server and a real Lab."""

import asyncio
import json
import re
import threading
import time

import pytest

import labline
from labline.errors import Unreachable
from labline.lab import Lab
from labline.server.bench import Bench
from labline.server.web import rules


@pytest.fixture
def jp_server_config():
    return {"ServerApp": {"jpserver_extensions": {"labline": True}}}


@pytest.fixture
def project(jp_root_dir):
    (jp_root_dir / "labline.toml").write_text('[project]\nname = "churn"\n')
    return jp_root_dir


@pytest.fixture
def fetch(jp_fetch):
    """Fetch a path of the API; answer with the status and the JSON."""

    async def fetch(*path, **params):
        answer = await jp_fetch("labline", "api", *path, params=params, raise_error=False)
        return answer.code, json.loads(answer.body)

    return fetch


def routes_of(app):
    """Every route of the server's web application that is labline's, as a path."""
    rules = [rule for group in app.default_router.rules for rule in group.target.rules]
    patterns = [rule.matcher.regex.pattern for rule in rules if hasattr(rule.matcher, "regex")]
    found = [pattern.rstrip("$") for pattern in patterns if "/labline/" in pattern]
    return sorted({re.sub(r"\(\?P<\w+>[^)]*\)", "no-such-thing", item) for item in found})


async def test_every_route_refuses_a_stranger(jp_serverapp, http_server_client):
    async def code(method, route):
        asked = {"method": method, "raise_error": False, "allow_nonstandard_methods": True}
        return (await http_server_client.fetch(route, **asked)).code

    routes = routes_of(jp_serverapp.web_app)
    assert len(routes) == len(rules())
    for route in routes:
        assert await code("GET", route) in (401, 403), route
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            assert await code(method, route) in (401, 403, 405), f"{method} {route}"


async def test_status_tells_what_stands_and_what_does_not(fetch, project):
    code, status = await fetch("status")
    assert code == 200
    assert status["version"] == labline.__version__
    assert status["project"] == "churn"
    assert status["platform"]["running"] is False
    assert status["worker"]["running"] is False
    assert status["tracking"]["reachable"] is True
    assert status["counts"] == dict.fromkeys(
        ("runs", "jobs", "models", "promotions", "endpoints"), 0
    )


async def test_a_tracking_server_that_is_away_is_told_and_not_raised(fetch, project, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    code, status = await fetch("status")
    assert code == 200
    assert status["tracking"]["reachable"] is False
    assert status["tracking"]["error"] == "Unreachable"
    assert status["counts"]["runs"] is None
    code, answer = await fetch("runs")
    assert (code, answer["error"]) == (503, "Unreachable")
    assert answer["fix"]


async def test_runs_come_in_pages_newest_first(fetch, project):
    tracking = Lab.from_(project).tracking
    for number in range(3):
        run = tracking.create_run("churn", f"run {number}", started=1000.0 + number)
        tracking.end_run(run.id)
    code, page = await fetch("runs", limit=2)
    assert code == 200
    assert [run["name"] for run in page["items"]] == ["run 2", "run 1"]
    code, page = await fetch("runs", limit=2, offset=2)
    assert [run["name"] for run in page["items"]] == ["run 0"]
    assert (page["limit"], page["offset"]) == (2, 2)


@pytest.mark.parametrize("name", ["jobs", "models", "promotions", "endpoints"])
async def test_an_empty_list_is_an_empty_page(name, fetch, project):
    code, page = await fetch(name)
    assert (code, page["items"]) == (200, [])


@pytest.mark.parametrize("query", [{"limit": "many"}, {"limit": 501}, {"offset": -1}])
async def test_a_page_that_cannot_be_is_bad_input(query, fetch, project):
    code, answer = await fetch("runs", **query)
    assert (code, answer["error"]) == (400, "BadInput")
    assert str(next(iter(query.values()))) in answer["message"]


async def test_a_folder_without_a_project_is_told_and_left_alone(fetch, jp_root_dir):
    code, answer = await fetch("status")
    assert (code, answer["error"]) == (404, "NoProject")
    assert "labline init" in answer["fix"]
    assert not (jp_root_dir / ".labline").exists()


async def test_a_project_that_is_made_later_is_found(fetch, jp_root_dir):
    assert (await fetch("models"))[0] == 404
    (jp_root_dir / "labline.toml").write_text("")
    assert (await fetch("models"))[0] == 200


async def test_a_policy_that_cannot_be_read_names_the_line(fetch, project):
    (project / "labline.toml").write_text('[project]\nnaem = "churn"\n')
    code, answer = await fetch("status")
    assert (code, answer["error"]) == (400, "BadSettings")
    assert "labline.toml:2" in answer["message"]


async def test_a_policy_that_is_edited_is_followed(fetch, project):
    assert (await fetch("status"))[1]["project"] == "churn"
    (project / "labline.toml").write_text('[project]\nname = "uplift"\n')
    assert (await fetch("status"))[1]["project"] == "uplift"


async def test_a_route_of_a_newer_front_end_is_explained(fetch, project):
    code, answer = await fetch("dashboards")
    assert (code, answer["error"]) == (404, "NotFound")
    assert labline.__version__ in answer["message"]


async def test_the_project_is_looked_for_above_the_root(jp_fetch, tmp_path):
    (tmp_path / "labline.toml").write_text('[project]\nname = "above"\n')
    (tmp_path / "deep" / "er").mkdir(parents=True)
    bench = Bench(tmp_path / "deep" / "er")
    assert await bench.run(lambda lab: lab.settings.project.name) == "above"
    bench.close()


async def test_the_event_loop_is_free_while_the_stores_are_slow(tmp_path):
    (tmp_path / "labline.toml").touch()
    bench, gate = Bench(tmp_path), threading.Event()
    slow = asyncio.ensure_future(bench.run(lambda lab: gate.wait(10)))
    started = time.perf_counter()
    await asyncio.sleep(0.05)
    assert time.perf_counter() - started < 8
    assert not slow.done()
    gate.set()
    assert await slow
    bench.close()


async def test_stores_that_do_not_answer_in_time_are_unreachable(tmp_path):
    (tmp_path / "labline.toml").touch()
    bench, gate = Bench(tmp_path, patience=0.1), threading.Event()
    with pytest.raises(Unreachable, match=r"0\.1 seconds"):
        await bench.run(lambda lab: gate.wait(10))
    gate.set()
    bench.close()


async def test_polling_does_not_keep_an_idle_server_alive(fetch, project, jp_web_app):
    before = jp_web_app.settings.get("api_last_activity")
    assert (await fetch("models"))[0] == 200
    assert jp_web_app.settings.get("api_last_activity") == before
