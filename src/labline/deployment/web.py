"""The few HTTP requests that deployment itself makes: to instances, the gateway and its admin."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from labline.errors import BadInput, Failed, NotFound, Refused, Unreachable

#: errors of one request that a message lists
_SHOWN = 8


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON, or None where it is not."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def get(
    place: tuple[str, int] | Path,
    path: str,
    *,
    headers: Mapping[str, str] | None = None,
    timeout: float = 2.0,
    trust: ssl.SSLContext | None = None,
) -> Answer | None:
    """Return what a host and port, or a unix socket, answers; None where it does not."""
    return _ask(_connection(place, timeout, trust), "GET", path, headers or {})


def answers(place: Path, path: str, *, timeout: float = 2.0) -> bool | None:
    """Whether who listens on a unix socket answers in time; None where nobody listens."""
    try:
        _exchange(_UnixConnection(place, timeout), "GET", path, None, {})
    except (TimeoutError, BlockingIOError):  # the latter: too many wait already
        return False
    except (OSError, http.client.HTTPException):
        return None
    return True


def post(place: Path, path: str, *, timeout: float = 2.0) -> Answer | None:
    """Return what a unix socket answers to a POST without a body; None where it does not."""
    return _ask(_UnixConnection(place, timeout), "POST", path, {})


def _connection(
    place: tuple[str, int] | Path, timeout: float, trust: ssl.SSLContext | None
) -> http.client.HTTPConnection:
    if isinstance(place, Path):
        return _UnixConnection(place, timeout)
    if trust:
        return http.client.HTTPSConnection(*place, timeout=timeout, context=trust)
    return http.client.HTTPConnection(*place, timeout=timeout)


def _ask(
    connection: http.client.HTTPConnection, method: str, path: str, headers: Mapping[str, str]
) -> Answer | None:
    try:
        return _exchange(connection, method, path, None, headers)
    except (OSError, http.client.HTTPException):
        return None


def send(
    url: str,
    body: bytes,
    key: str,
    *,
    timeout: float = 90.0,
    trust: ssl.SSLContext | None = None,
) -> Any:
    """Send a JSON body to an endpoint's URL with an API key and return its JSON answer.

    `trust` is what a URL with https is trusted by; the system's authorities unless given.

    Raises
    ------
    BadInput
        The service refused the body; its problem details are in ``details``.
    NotFound
        No such endpoint or path.
    Refused
        The key does not open the endpoint.
    Failed
        The service failed.
    Unreachable
        The gateway or the service does not answer.
    """
    parts = urlsplit(url)
    secure = ssl.create_default_context() if trust is None else trust
    place = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    connection = _connection(place, timeout, secure if parts.scheme == "https" else None)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    try:
        answer = _exchange(connection, "POST", parts.path, body, headers)
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{url} does not answer: {error}", fix="labline status") from error
    return _accepted(url, answer)


def _exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str],
) -> Answer:
    try:
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()


def _accepted(url: str, answer: Answer) -> Any:
    if answer.status < 300:
        return answer.json()
    problem = answer.json()
    details = (
        problem
        if isinstance(problem, dict)
        else {"body": answer.body.decode("utf-8", "replace")[:2000]}
    )
    what = details.get("detail") or details.get("title") or details.get("body", "")
    message = f"{url} answered {answer.status}: {what}"
    if answer.status in (401, 403):
        raise Refused(message, fix="Issue a key: labline keys issue ENDPOINT", problem=details)
    if answer.status == 404:
        raise NotFound(message, fix="labline endpoints", problem=details)
    if answer.status == 500:
        raise Failed(message, fix="See the log of its release in .labline/logs.", problem=details)
    if answer.status > 500:
        raise Unreachable(message, fix="labline status", problem=details)
    raise BadInput(message, fix=_each(details.get("errors")), problem=details)


def _each(errors: Any) -> str:
    """Return what is wrong with each field, a line each."""
    found = [error for error in errors or () if isinstance(error, dict)]
    if len(found) < 2:  # the message says it
        return ""
    lines = [_one(error) for error in found[:_SHOWN]]
    left = len(found) - _SHOWN
    return "\n".join([*lines, f"and {left} more"] if left > 0 else lines)


def _one(error: Mapping[str, Any]) -> str:
    row = "" if error.get("row") is None else f", row {error['row']}"
    return f"{error.get('field')}{row}: {error.get('message')}"
