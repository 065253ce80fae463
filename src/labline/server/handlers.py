"""Handlers, made from the table of routes: read the request, ask the Lab, answer with JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http.client import responses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from labline import __version__
from labline.errors import BadInput, LablineError, NotFound
from labline.server.answers import answer_to, plain
from labline.server.bench import Bench
from labline.server.identity import asker
from labline.server.route import Asked, Route

if TYPE_CHECKING:
    from types import TracebackType

    from labline.lab import Lab

_LONGEST_BODY = 10 * 2**20


class LablineHandler(APIHandler):
    """What every route shares: the bench and the errors table."""

    auth_resource = "labline"
    # Front ends poll: watching a panel must not keep an idle server from being culled.
    _track_activity = False

    @property
    def bench(self) -> Bench:
        """The Lab of this server."""
        bench: Bench = self.settings["labline_bench"]
        return bench

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send what the errors table says; tornado calls this for anything raised."""
        status, body = answer_to(kwargs.get("exc_info", (None, None))[1], status_code)
        self.set_status(status, responses.get(status, "Failed"))
        self.finish(orjson.dumps(body, default=str))

    def log_exception(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Log a bug with its traceback, and an answer that labline meant to give with one line."""
        if isinstance(error, LablineError):
            self.log.debug("labline answered %s: %s", error.status, error.message)
        else:
            super().log_exception(kind, error, trace)


class RouteHandler(LablineHandler):
    """One path of the table."""

    def initialize(self, verbs: Mapping[str, Route]) -> None:
        """Take the path's methods; tornado calls this with the route's own arguments."""
        self.verbs = verbs

    @web.authenticated
    @authorized
    async def get(self, **path: str) -> None:
        """Look."""
        await self._answer(path)

    @web.authenticated
    @authorized
    async def post(self, **path: str) -> None:
        """Ask for something to be done."""
        await self._answer(path)

    @web.authenticated
    @authorized
    async def delete(self, **path: str) -> None:
        """Remove."""
        await self._answer(path)

    async def _answer(self, path: Mapping[str, str]) -> None:
        route = self.verbs.get(str(self.request.method))
        if route is None:
            raise web.HTTPError(405)
        call = self._call(route, path)
        answer = await self.bench.run(call, store=route.store)
        if route.method != "GET":
            self.settings["labline_watcher"].poke()
        self.set_status(route.status)
        self.finish(answer)

    def _call(self, route: Route, path: Mapping[str, str]) -> Callable[[Lab], bytes]:
        """Return what is left to do in a thread: the body is read there, the answer written."""
        query = {item.name: item.read(self.get_query_argument(item.name, None))
                 for item in route.query}  # fmt: skip
        sent, shown = self.request.body, Path(self.settings["labline_shown"])
        provider, user = self.identity_provider, self.current_user
        if len(sent) > _LONGEST_BODY:
            raise BadInput("The body is longer than 10 MiB.", fix="Send less at a time.")

        def call(lab: Lab) -> bytes:
            from labline.server.reading import body_of

            body = body_of(route.body, sent) if route.body else None
            asked = Asked(path, query, body, asker(provider, user), shown)
            return orjson.dumps(route.call(lab, asked), option=_AS, default=plain)

        return call


_AS = orjson.OPT_NON_STR_KEYS


class UnknownHandler(LablineHandler):
    """Anything else below the API: a front end that is newer than this server asks for it."""

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        """Answer that this version has no such route."""
        raise self._unknown(path)

    @web.authenticated
    @authorized
    async def post(self, path: str) -> None:
        """Answer that this version has no such route."""
        raise self._unknown(path)

    @web.authenticated
    @authorized
    async def delete(self, path: str) -> None:
        """Answer that this version has no such route."""
        raise self._unknown(path)

    def _unknown(self, path: str) -> NotFound:
        return NotFound(
            f"labline {__version__} has no {path!r} in its API.",
            fix="Restart the Jupyter server and reload the page: they may be of two versions.",
        )
