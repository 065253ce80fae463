"""The routes of the API: each reads its query, asks the Lab and answers with JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from labline import __version__
from labline.errors import BadInput, LablineError, NotFound
from labline.server.answers import answer_to
from labline.server.bench import Bench

if TYPE_CHECKING:
    from types import TracebackType

    from labline.lab import Lab

BASE = "labline/api"
PAGE = 50
LARGEST_PAGE = 500


class LablineHandler(APIHandler):
    """What every route shares: the bench, page limits and the errors table."""

    auth_resource = "labline"
    # Front ends poll: watching a panel must not keep an idle server from being culled.
    _track_activity = False

    @property
    def bench(self) -> Bench:
        """The Lab of this server."""
        bench: Bench = self.settings["labline_bench"]
        return bench

    def whole_number(self, name: str, default: int, largest: int | None = None) -> int:
        """Return one query argument.

        Raises
        ------
        BadInput
            It is not a whole number from 0 up to `largest`.
        """
        text = self.get_query_argument(name, str(default))
        number = int(text) if text.isdecimal() else -1
        if number < 0 or (largest is not None and number > largest):
            span = f"from 0 to {largest}" if largest is not None else "of 0 or more"
            raise BadInput(
                f"{name}={text!r} is not a whole number {span}.",
                fix=f"Leave {name!r} out for {default}.",
            )
        return number

    async def answer(self, call: Callable[[Lab], Any]) -> None:
        """Run `call` off the event loop and send what it returns."""
        self.finish(orjson.dumps(await self.bench.run(call)))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Send what the errors table says; tornado calls this for anything raised."""
        status, body = answer_to(kwargs.get("exc_info", (None, None))[1], status_code)
        self.set_status(status)
        self.finish(orjson.dumps(body))

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


class StatusHandler(LablineHandler):
    """``GET status``: is the platform up, what is there, can tracking be reached."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with ``Lab.status()``."""
        await self.answer(lambda lab: lab.status())


class ListHandler(LablineHandler):
    """``GET runs``, ``jobs``, ``models``, ``endpoints``: one page of records, newest first."""

    def initialize(self, records: Callable[[Lab, int], list[dict[str, Any]]]) -> None:
        """Take what lists the records; tornado calls this with the route's own arguments."""
        self.records = records

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with ``{"items", "limit", "offset"}``."""
        limit = self.whole_number("limit", PAGE, LARGEST_PAGE)
        offset = self.whole_number("offset", 0)
        end = offset + limit
        await self.answer(
            lambda lab: {
                "items": self.records(lab, end)[offset:end],
                "limit": limit,
                "offset": offset,
            }
        )


class UnknownHandler(LablineHandler):
    """Anything else below the API: a front end that is newer than this server asks for it."""

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        """Answer that this version has no such route."""
        raise NotFound(
            f"labline {__version__} has no {path!r} in its API.",
            fix="Restart the Jupyter server and reload the page: they may be of two versions.",
        )


ROUTES: list[tuple[Any, ...]] = [
    (f"{BASE}/status", StatusHandler),
    (f"{BASE}/runs", ListHandler, {"records": lambda lab, most: lab.list_runs(most)}),
    (f"{BASE}/jobs", ListHandler, {"records": lambda lab, most: lab.list_jobs(most)}),
    (f"{BASE}/models", ListHandler, {"records": lambda lab, _: lab.list_models()}),
    (f"{BASE}/endpoints", ListHandler, {"records": lambda lab, _: lab.list_endpoints()}),
    (rf"{BASE}/(.*)", UnknownHandler),
]
