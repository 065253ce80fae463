"""What a request gets that cannot be answered: RFC 9457 problem details."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

MEDIA_TYPE = b"application/problem+json"
#: more errors than this in one request are counted, not listed
MOST_ERRORS = 20


class FieldError(NamedTuple):
    """One thing wrong with the data of a request."""

    #: column, parameter or key at fault; empty where it is the whole
    field: str
    #: row from 0, ``None`` where it is not about one row
    row: int | None
    message: str


class Problem(Exception):
    """A request that gets no prediction, and why."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        errors: Iterable[FieldError] = (),
        headers: Iterable[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.errors = list(errors)
        self.headers = list(headers)

    def body(self) -> bytes:
        """Return the problem as JSON."""
        members: dict[str, Any] = {
            "type": f"urn:labline:problem:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            members["errors"] = [error._asdict() for error in self.errors]
        return orjson.dumps(members)


def malformed(detail: str, form: str = "JSON") -> Problem:
    """Return the problem of a body that is not in its form, or not unambiguously so."""
    return Problem(400, "malformed-body", f"The body is not usable {form}", detail)


def not_acceptable(forms: list[str]) -> Problem:
    """Return the problem of an answer wanted in none of the `forms` there are."""
    detail = f"The answer can be had as {', '.join(forms)}; Accept names none of them."
    return Problem(406, "not-acceptable", "No such form of the answer", detail)


def wrong_method(method: str, allowed: str) -> Problem:
    """Return the problem of a path asked with the wrong verb."""
    detail = f"Use {allowed} here, not {method}."
    allow = [(b"allow", allowed.encode())]
    return Problem(405, "wrong-method", "Method not allowed", detail, headers=allow)


def too_large(limit: int) -> Problem:
    """Return the problem of a body of more than `limit` bytes."""
    detail = f"A body may have at most {limit} bytes; split the rows over several requests."
    close = [(b"connection", b"close")]
    return Problem(413, "body-too-large", "The body is too large", detail, headers=close)


def too_many_rows(rows: int | str, limit: int) -> Problem:
    """Return the problem of more rows than one request may have."""
    detail = f"The request has {rows} rows; at most {limit} are taken. Split them."
    return Problem(413, "too-many-rows", "Too many rows", detail)


def too_slow(seconds: float) -> Problem:
    """Return the problem of a body that does not come in time."""
    detail = f"The body did not come within {seconds:g} seconds; send it again."
    close = [(b"connection", b"close")]
    return Problem(408, "body-too-slow", "The body is too slow", detail, headers=close)


def not_found(path: str) -> Problem:
    """Return the problem of a path that is not served."""
    detail = f"{path[:200]!r} is not served here; /openapi.json lists what is."
    return Problem(404, "not-found", "Not found", detail)


def busy() -> Problem:
    """Return the problem of a request that would wait too long for its turn."""
    detail = "Too many requests wait for the model already; ask again."
    return Problem(503, "busy", "Busy", detail, headers=[(b"retry-after", b"1")])


def no_probabilities(label: str) -> Problem:
    """Return the problem of probabilities asked of a model that gives none."""
    detail = f"{label} gives no probability for each of its classes; ask /predict."
    return Problem(404, "no-probabilities", "No probabilities", detail)


def wrong_media(detail: str, forms: Iterable[str] = ()) -> Problem:
    """Return the problem of a body in a form, or declared as one, that is not read.

    Without `forms` that are read instead, it is its coding that is not (RFC 9110, 15.5.16).
    """
    accept = (b"accept", ", ".join(forms).encode()) if forms else (b"accept-encoding", b"identity")
    return Problem(415, "wrong-media-type", "Unsupported media type", detail, headers=[accept])


def invalid(errors: list[FieldError]) -> Problem:
    """Return the problem of data that does not fit the model's signature."""
    first = errors[0]
    place = f" (row {first.row})" if first.row is not None else ""
    least = "at least " if len(errors) >= MOST_ERRORS else ""
    more = f"; and {least}{len(errors) - 1} more" if len(errors) > 1 else ""
    name = f"{first.field}{place}: " if first.field else ""
    detail = f"{name}{first.message}{more}."
    title = "The data does not fit the model's signature"
    return Problem(422, "invalid-data", title, detail, errors[:MOST_ERRORS])


def model_failed(request_id: str) -> Problem:
    """Return the problem of a model that raised; the log has the traceback."""
    detail = f"The model raised an error; the service's log has it under request {request_id}."
    return Problem(500, "model-failed", "The model failed", detail)
