"""The REST API, over HTTP, on a real Jupyter server and a real Lab."""

import asyncio
import json
import re
import threading
import time

import httpx
import pytest

from labline.errors import Refused
from labline.server.routes import ROUTES

pytest_plugins = ["pytest_jupyter.jupyter_server"]


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
    return sorted({pattern.replace("(.*)", "no-such-thing") for pattern in found})


async def test_every_route_refuses_a_stranger(jp_serverapp, jp_http_port):
    routes = routes_of(jp_serverapp.web_app)
    assert len(routes) == len(ROUTES)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{jp_http_port}") as stranger:
        for route in routes:
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                answer = await stranger.request(method, route)
                assert answer.status_code in (401, 403, 405), f"{method} {route}"
            assert (await stranger.get(route)).status_code in (401, 403), route
