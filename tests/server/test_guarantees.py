"""What holds for every route: XSRF, contained paths, ETags, and an event loop that is free."""

import asyncio
import json
import os
import socket
import sqlite3
import statistics
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial
from http.cookies import SimpleCookie

import pytest
from tests.conftest import write_notebook

from labline.lab import Lab
from labline.server.routes import ROUTES

#: seconds by which the event loop may be late while requests are held; on a machine that is busy
#: it is late by itself, as all are that sleep, and may be so many times that
LATE, BUSY = 0.05, 4
#: seconds in which another request is answered, by a loop that is free on a machine that is busy
SOON = 10
LONG = 120
CHANGING = [route for route in ROUTES if route.method != "GET"]


@pytest.fixture
def jp_server_config():
    return {"ServerApp": {"jpserver_extensions": {"labline": True}}}


@pytest.fixture
def project(jp_root_dir):
    (jp_root_dir / "labline.toml").write_text('[project]\nname = "churn"\n')
    write_notebook(jp_root_dir / "train.ipynb", "1 + 1", parameters="alpha: float = 0.5")
    return jp_root_dir


def url(route):
    return f"/labline/api/{route.path.replace('{id}', 'none').replace('{name}', 'none')}"


# -- who may ask ---------------------------------------------------------------------------------


@pytest.fixture
def browser(http_server_client, jp_base_url, jp_serverapp):
    """Return what signs in by cookie, as a browser does, and returns what then asks."""
    return partial(signed_in, http_server_client, jp_base_url, jp_serverapp)


async def signed_in(http_server_client, jp_base_url, jp_serverapp):
    token, jar = jp_serverapp.identity_provider.token, SimpleCookie()
    # The form brings the XSRF cookie, signing in the other.
    for path in ("login", f"login?token={token}"):
        answer = await http_server_client.fetch(
            jp_base_url + path, follow_redirects=False, raise_error=False
        )
        for line in answer.headers.get_list("Set-Cookie"):
            jar.load(line)
    cookie = "; ".join(f"{name}={item.value}" for name, item in jar.items())
    assert "_xsrf" in jar
    assert len(jar) > 1

    async def ask(method, path, *, protected=False):
        headers = {"Cookie": cookie, "Content-Type": "application/json"}
        if protected:
            headers["X-XSRFToken"] = jar["_xsrf"].value
        return await http_server_client.fetch(
            jp_base_url.rstrip("/") + path,
            method=method, headers=headers, raise_error=False, allow_nonstandard_methods=True,
            request_timeout=LONG, **({"body": "{}"} if method == "POST" else {}),
        )  # fmt: skip

    return ask


async def test_what_changes_something_wants_the_xsrf_token_on_each_route(browser, project):
    ask = await browser()
    assert (await ask("GET", "/labline/api/jobs")).code == 200
    for route in CHANGING:
        refused = await ask(route.method, url(route))
        assert refused.code == 403, f"{route.method} {route.path}"
        assert "_xsrf" in json.loads(refused.body)["message"], f"{route.method} {route.path}"


async def test_with_the_xsrf_token_it_is_let_in(browser, project):
    ask = await browser()
    for path in ("cli", "jobs"):
        let_in = await ask("POST", f"/labline/api/{path}", protected=True)
        assert let_in.code == 400, path


@pytest.mark.parametrize("path", ["../out.ipynb", "/etc/passwd", "link.ipynb", "a/../../out.ipynb"])
async def test_each_route_that_takes_a_path_keeps_to_what_the_server_shows(path, jp_fetch, project):
    outside = write_notebook(project.parent / "out.ipynb", "1")
    (project / "link.ipynb").symlink_to(outside)
    clock = {"cron": "0 6 * * *", "runs": "latest"}
    fine = {"notebook": "train.ipynb"}
    asked = [
        ("jobs", {"notebook": path}),
        ("jobs", {**fine, "options": {"inputs": [path]}}),
        ("schedules", {"notebook": path, **clock}),
        ("schedules", {**fine, **clock, "options": {"inputs": [path]}}),
        ("ci", {"action": "jobs", "platform": "github", "body": {"notebook": path}}),
    ]
    for name, body in asked:
        answer = await jp_fetch(
            "labline/api", name, method="POST", body=json.dumps(body), raise_error=False
        )
        assert (answer.code, json.loads(answer.body)["error"]) == (404, "NotFound"), (name, body)
    answer = await jp_fetch(
        "labline/api/notebooks/parameters", params={"path": path}, raise_error=False
    )
    assert answer.code == 404
    assert Lab.from_(project).jobs.count(10) == 0


# -- what has not changed ------------------------------------------------------------------------


async def test_what_has_not_changed_is_a_304_until_it_has(jp_fetch, project):
    lab = Lab.from_(project)

    async def ask(tag):
        return await jp_fetch(
            "labline/api/jobs", headers={"If-None-Match": tag} if tag else {}, raise_error=False
        )

    first = await ask(None)
    tag = first.headers["ETag"]
    same = await ask(tag)
    assert (first.code, same.code, same.body) == (200, 304, b"")
    await asyncio.to_thread(lab.jobs.submit, project / "train.ipynb")
    other = await ask(tag)
    assert (other.code, json.loads(other.body)["total"]) == (200, 1)
    assert other.headers["ETag"] != tag


# -- the event loop ------------------------------------------------------------------------------


async def lateness(seconds=0.2):
    """Return by how much the event loop was late at most, in a while."""
    most, ends = 0.0, time.perf_counter() + seconds
    while (began := time.perf_counter()) < ends:
        await asyncio.sleep(0.005)
        most = max(most, time.perf_counter() - began - 0.005)
    return most


def others_lateness(seconds=0.2):
    """Return by how much a thread that only sleeps was late at most, in a while."""
    most, ends = 0.0, time.perf_counter() + seconds
    while (began := time.perf_counter()) < ends:
        time.sleep(0.005)
        most = max(most, time.perf_counter() - began - 0.005)
    return most


@contextmanager
def hanging_mlflow(monkeypatch):
    """Be a tracking server that takes connections and never answers."""
    monkeypatch.setattr("labline.tracking.connection._PATIENCE", LONG)
    held = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept():
            with suppress(OSError):
                while True:
                    held.append(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{server.getsockname()[1]}")
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        yield lambda: len(held)
        server.shutdown(socket.SHUT_RDWR)
    for connection in held:
        connection.close()


@contextmanager
def hanging_disk(project, job):
    """Have the log of a job on a disk that does not answer."""
    log = Lab.from_(project).settings.folder("jobs") / job / "log.txt"
    os.mkfifo(log)
    yield
    # Whoever waits to read is let go, and who comes later finds nothing to wait for.
    other = os.open(log, os.O_RDWR | os.O_NONBLOCK)
    log.unlink()
    os.close(other)


@contextmanager
def locked_database(project):
    """Hold the lock without which nobody writes."""
    other = sqlite3.connect(project / ".labline" / "labline.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


async def measured(jp_fetch, asked, begun=lambda: True):
    """Hold requests, and return them; fail if the loop is late meanwhile, or answers no other."""
    idle = statistics.median([await lateness() for _ in range(5)])
    held = [asyncio.ensure_future(ask()) for ask in asked]
    looks = []
    while len(looks) < 5 or not begun():
        looks.append(await asyncio.gather(lateness(), asyncio.to_thread(others_lateness)))
    late, others = (statistics.median(each) for each in zip(*looks, strict=True))
    assert not any(one.done() for one in held), "the requests were not held"
    other = await asyncio.wait_for(jp_fetch("labline/api/version"), SOON)
    assert other.code == 200
    assert late < max(LATE, BUSY * idle, BUSY * others)
    return held


async def ended(held):
    await asyncio.wait_for(asyncio.gather(*held, return_exceptions=True), 60)


async def warmed(jp_fetch, project):
    """Load what the first requests load, and queue a job; return the job's id."""
    for path in ("runs", "models", "jobs", "status"):
        assert (await jp_fetch("labline/api", path)).code == 200
    job = await asyncio.to_thread(Lab.from_(project).jobs.submit, project / "train.ipynb")
    return job.id


async def test_the_event_loop_is_free_while_mlflow_hangs(project, jp_fetch, monkeypatch):
    await warmed(jp_fetch, project)
    with hanging_mlflow(monkeypatch) as connections:
        # A policy that is edited makes the server read its environment anew.
        (project / "labline.toml").write_text('[project]\nname = "other"\n')
        paths = ("runs", "models", "models/churn")
        asked = [lambda path=path: jp_fetch("labline/api", path, raise_error=False)
                 for path in paths]  # fmt: skip
        held = await measured(jp_fetch, asked, begun=connections)
    await ended(held)


async def test_the_event_loop_is_free_while_a_disk_hangs(project, jp_fetch):
    job = await warmed(jp_fetch, project)
    with hanging_disk(project, job):
        path = f"labline/api/jobs/{job}/log"
        held = await measured(jp_fetch, [lambda: jp_fetch(path, raise_error=False)] * 2)
    await ended(held)


async def test_the_event_loop_is_free_while_the_database_is_locked(project, jp_fetch):
    job = await warmed(jp_fetch, project)
    with locked_database(project):
        path = f"labline/api/jobs/{job}/cancel"
        ask = lambda: jp_fetch(path, method="POST", body="{}", raise_error=False)  # noqa: E731
        held = await measured(jp_fetch, [ask] * 2)
    await ended(held)
