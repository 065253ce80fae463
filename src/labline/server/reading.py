"""Read the body of a request into the class that its route names."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from labline.errors import BadInput, NotFound, nearest

_SHOWN = 5


def body_of(kind: type, sent: bytes) -> Any:
    """Return what was sent as an instance of `kind`; nothing counts as ``{}``.

    Raises
    ------
    BadInput
        It is not JSON, or not of this kind; the message names each field.
    """
    try:
        data = orjson.loads(sent) if sent.strip() else {}
    except orjson.JSONDecodeError as error:
        raise BadInput(f"The body is not JSON: {error}.", fix="Send a JSON object.") from error
    return fitted(kind, data)


def fitted(kind: type, data: Any) -> Any:
    """Return `data` as an instance of `kind`.

    Raises
    ------
    BadInput
        It is none.
    """
    try:
        return _adapter(kind).validate_python(data)
    except ValidationError as error:
        found = [_told(kind, item) for item in error.errors(include_url=False)[:_SHOWN]]
        raise BadInput(
            " ".join(found), fix="GET /labline/api/openapi.json describes every field."
        ) from error


@lru_cache(maxsize=64)
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _told(kind: type, item: Any) -> str:
    place = ".".join(str(part) for part in item["loc"]) or "the body"
    if item["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        known = getattr(kind, "__dataclass_fields__", {})
        hint = nearest(str(item["loc"][-1]), known) if len(item["loc"]) == 1 else ""
        return f"{place} is not known. {hint}".strip()
    if item["type"] == "missing":
        return f"{place} is missing."
    return f"{place} is {str(item['input'])[:80]!r}: {item['msg'][0].lower()}{item['msg'][1:]}."


def below(root: Path, path: str, *, folders: bool = False) -> Path:
    """Return the file, or with `folders` also the folder, that the file browser calls `path`.

    Raises
    ------
    NotFound
        There is none, or it lies outside of the folder that the server shows.
    """
    root = root.resolve()
    found = (root / path.lstrip("/")).resolve()
    is_there = found.is_file() or (folders and found.is_dir())
    if not found.is_relative_to(root) or not is_there:
        raise NotFound(f"There is no file {path!r}.", fix="Save the notebook first.")
    return found
