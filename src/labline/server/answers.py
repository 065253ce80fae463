"""The one table of what an error becomes over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from http.client import responses
from pathlib import Path
from typing import Any

from tornado.web import HTTPError

from labline.errors import LablineError


def answer_to(error: BaseException | None, status: int = 500) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status and the JSON body for `error`.

    Parameters
    ----------
    error
        What was raised; ``None`` where the server ended the request without an exception.
    status
        The status to fall back on, for an error that brings none.

    Returns
    -------
    tuple
        The status and ``{"error", "message", "fix"}``, with ``"details"`` where there are any.
    """
    match error:
        case LablineError():
            return error.status, error.to_dict()
        case HTTPError():
            return error.status_code, _plain(
                "HTTPError", error.log_message or responses.get(error.status_code, "Failed")
            )
        case None:
            return status, _plain("HTTPError", responses.get(status, "Failed"))
        case _:
            return status, _plain(
                type(error).__name__,
                "labline failed in a way it should not.",
                "The log of the Jupyter server has the traceback; please report it.",
            )


def _plain(error: str, message: str, fix: str = "") -> dict[str, Any]:
    return {"error": error, "message": message, "fix": fix}


def plain(value: Any) -> Any:
    """Return what JSON has no word for as what it has one for."""
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(type(value).__name__)
