"""What the gateway itself answers when it refuses or cannot forward (RFC 9457 problem details)."""

from __future__ import annotations

from typing import Any

_PROBLEMS = {
    400: ("Bad Request", "The request is malformed."),
    401: (
        "Unauthorized",
        "A valid API key is needed: send 'Authorization: Bearer KEY' or 'X-API-Key: KEY'.",
    ),
    403: ("Forbidden", "The API key is for another endpoint, or it was revoked."),
    404: ("Not Found", "There is no such endpoint here."),
    408: ("Request Timeout", "The request did not arrive completely in time."),
    413: ("Content Too Large", "The request body is larger than [serving] max_body_bytes."),
    429: (
        "Too Many Requests",
        "The endpoint takes no more requests for now; wait for as long as Retry-After says.",
    ),
    431: ("Request Header Fields Too Large", "The request headers are too large."),
    502: ("Bad Gateway", "The release ended, or hung up, before it had answered."),
    503: ("Service Unavailable", "No release of this endpoint can answer now; try again."),
    504: ("Gateway Timeout", "The release did not answer in time."),
}


def local_replies() -> dict[str, Any]:
    """Return Envoy's ``local_reply_config``: every refusal is problem+json."""
    return {"mappers": [_begun(), *map(_mapper, _PROBLEMS)]}


def _begun() -> dict[str, Any]:
    """Return what has a 502 for a request that a release may have begun to work on.

    Envoy would say 503, as of one that none has seen, which may be sent again without a thought.
    """
    # The connection was ended, or the request reset, by the release.
    lost = {"response_flag_filter": {"flags": ["UC", "UR"]}}
    return {"filter": lost, "status_code": 502, **_body(502)}


def _fields(status: int) -> dict[str, Any]:
    title, detail = _PROBLEMS[status]
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "reason": "%LOCAL_REPLY_BODY%",
    }


def _mapper(status: int) -> dict[str, Any]:
    comparison = {
        "op": "EQ",
        "value": {"default_value": status, "runtime_key": f"labline.{status}"},
    }
    return {"filter": {"status_code_filter": {"comparison": comparison}}, **_body(status)}


def _body(status: int) -> dict[str, Any]:
    form = {"json_format": _fields(status), "content_type": "application/problem+json"}
    return {"body_format_override": form}
