"""The table of routes as tornado takes it."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import orjson
from jupyter_server.auth.decorator import authorized
from tornado import web

from labline.server.events import EventsHandler
from labline.server.handlers import LablineHandler, RouteHandler, UnknownHandler
from labline.server.route import Route
from labline.server.routes import ROUTES

BASE = "labline/api"


class DocumentHandler(LablineHandler):
    """``GET openapi.json``: the API, described."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the document that is made from the table."""
        # Making it loads every part of labline, which a project is not needed for.
        from tornado.ioloop import IOLoop

        self.finish(await IOLoop.current().run_in_executor(None, _document))


def _document() -> bytes:
    from labline.server.openapi import document

    return orjson.dumps(document())


def rules() -> list[tuple[Any, ...]]:
    """Return a rule for each path; fixed paths come before those with names in them."""
    paths: dict[str, dict[str, Route]] = defaultdict(dict)
    for route in ROUTES:
        paths[route.path][route.method] = route
    ordered = sorted(paths, key=lambda path: "{" in path)
    return [
        (f"{BASE}/openapi.json", DocumentHandler),
        (f"{BASE}/events", EventsHandler),
        *((f"{BASE}/{_pattern(path)}", RouteHandler, {"verbs": paths[path]}) for path in ordered),
        (rf"{BASE}/(?P<path>.*)", UnknownHandler),
    ]


def _pattern(path: str) -> str:
    return re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
