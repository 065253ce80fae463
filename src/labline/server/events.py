"""``WebSocket events``: what has changed, as it changes.

The server says ``{"seq", "type", "id", "data"}``. The first message has the type ``hello``; then
``job``, ``run``, ``promotion``, ``deployment``, ``endpoint``, ``monitor``, ``model``, ``schedule``,
``platform`` bring the record as the lists have it, or null where it is gone, and ``away`` the
failure of a kind of records that cannot be looked at, or null when it can be again. ``watched``
names a kind whose changes are told from then on: what a client has asked for before may be older. A
client that lost its connection sends ``{"after": SEQ}`` with the last number it has seen and gets
what it missed; ``reset`` tells it that this is not known any more, and that it must ask for its
lists again.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import orjson
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado import web
from tornado.ioloop import IOLoop
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from labline import __version__
from labline.server.watcher import Watcher

#: bytes that may wait for a client that does not read
_MOST_WAITING = 4 * 2**20


class EventsHandler(WebSocketMixin, WebSocketHandler, JupyterHandler):
    """One client that listens."""

    auth_resource = "labline"
    _track_activity = False
    _joined = False

    @property
    def watcher(self) -> Watcher:
        """The one watcher of this server."""
        found: Watcher = self.settings["labline_watcher"]
        return found

    async def get(self, *arguments: Any, **named: Any) -> None:
        """Let in who is signed in and may read; anybody else gets a 403, and no redirect."""
        user = self.current_user
        if user is None:
            raise web.HTTPError(403)
        allowed = self.authorizer.is_authorized(self, user, "read", self.auth_resource)
        if not (await allowed if hasattr(allowed, "__await__") else allowed):
            raise web.HTTPError(403)
        await super().get(*arguments, **named)

    def open(self, *arguments: Any, **named: Any) -> None:
        """Greet the client and tell it what changes from now on."""
        super().open(*arguments, **named)
        self._loop = IOLoop.current()
        self._joined = True
        seq = self.watcher.join(self._tell)
        self._send({"seq": seq, "type": "hello", "id": "", "data": {"server": __version__}})

    def on_message(self, message: str | bytes) -> None:
        """Tell a client that has come back what it missed."""
        try:
            after = int(orjson.loads(message)["after"])
        except (ValueError, KeyError, TypeError):
            self.close(1003, 'Send {"after": SEQ}.')
            return
        missed = self.watcher.since(after)
        if missed is None:
            self._send({"seq": after, "type": "reset", "id": "", "data": None})
        for event in missed or ():
            self._send(event)

    def on_close(self) -> None:
        """Stop listening."""
        if self._joined:
            self.watcher.leave(self._tell)

    def _tell(self, event: Mapping[str, Any]) -> None:
        """Pass on an event; called in the watcher's thread."""
        self._loop.add_callback(self._send, event)

    def _send(self, event: Mapping[str, Any]) -> None:
        stream = self.ws_connection and self.ws_connection.stream
        if stream and len(stream._write_buffer) > _MOST_WAITING:
            # It comes back with the last number it has seen.
            self.close(1013, "Too slow.")
            return
        with suppress(WebSocketClosedError):
            self.write_message(orjson.dumps(event).decode())
