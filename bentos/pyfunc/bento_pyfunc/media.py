"""What bodies are written in, and which form a request and its answer have (RFC 9110)."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from bento_pyfunc.problems import not_acceptable, wrong_media


class Form(Enum):
    """A form of a body; the value is its media type."""

    JSON = "application/json"
    #: one JSON object a line, one line a row
    NDJSON = "application/x-ndjson"
    #: Arrow's IPC stream: columns as they lie in memory
    ARROW = "application/vnd.apache.arrow.stream"

    @property
    def header(self) -> bytes:
        """The media type, for Content-Type."""
        return self.value.encode()


class Exchange(NamedTuple):
    """The form of a request and of its answer."""

    reads: Form
    writes: Form


JSON = Exchange(Form.JSON, Form.JSON)

_READ = tuple(form.value for form in Form)
_JSON_TYPES = (b"application/json", b"application/json; charset=utf-8")
_NO_WISH = (None, b"", b"*/*")
_ANY = (*_NO_WISH, b"application/json")
_FORMS = {form.value: form for form in Form} | {
    "application/ndjson": Form.NDJSON,
    "application/jsonl": Form.NDJSON,
    "application/x-jsonlines": Form.NDJSON,
}
_NAMES = {form: [name for name, named in _FORMS.items() if named is form] for form in Form}


def negotiate(headers: dict[bytes, bytes]) -> Exchange:
    """Return the forms that a request asks for by Content-Type and Accept.

    Without a wish, the answer has the request's form.

    Raises
    ------
    Problem
        415: the body is in none of the forms; 406: the answer is wanted in none of them.
    """
    kind, accept = headers.get(b"content-type", b""), headers.get(b"accept")
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise wrong_media("Send the body as it is, without a Content-Encoding.")
    if kind in _JSON_TYPES and accept in _ANY:
        return JSON
    reads = _declared(kind.decode("latin-1"))
    if accept in _NO_WISH:
        return Exchange(reads, reads)
    return Exchange(reads, _wanted(accept.decode("latin-1"), reads))


def _declared(kind: str) -> Form:
    media, _, options = kind.lower().partition(";")
    media = media.strip()
    form = _FORMS.get(media)
    if form is None and media.startswith("application/") and media.endswith("+json"):
        form = Form.JSON
    if form is None:
        given = f", not as {media[:80]!r}" if media else " and say so in Content-Type"
        read, *others = _READ
        raise wrong_media(f"Send the body as {read}{given}; also read: {', '.join(others)}.", _READ)
    charset = re.search(r"charset\s*=\s*\"?([^\s;\"]+)", options)
    if charset and charset[1] not in ("utf-8", "utf8", "us-ascii"):
        raise wrong_media(f"JSON is sent in UTF-8, not in {charset[1][:80]!r}.", _READ)
    return form


# A caller says the same each time.
@functools.lru_cache(maxsize=64)
def _wanted(accept: str, default: Form) -> Form:
    """Return the form of the highest quality; of equals `default`, else the first named.

    What is said of a media type itself counts more than what is said of all.
    """
    wishes = dict(_wishes(accept))
    named = list(wishes)

    def liking(form: Form) -> tuple[float, bool, int]:
        ranges = (*_NAMES[form], "application/*", "*/*")
        said = next((each for each in ranges if each in wishes), None)
        return (wishes[said], form is default, -named.index(said)) if said else (0.0, False, 0)

    best = max(Form, key=liking)
    if liking(best)[0] <= 0:
        raise not_acceptable([form.value for form in Form])
    return best


def _wishes(accept: str) -> Iterator[tuple[str, float]]:
    for part in accept.lower().split(","):
        media, *options = (piece.strip() for piece in part.split(";"))
        yield media, _quality(options)


def _quality(options: list[str]) -> float:
    for option in options:
        name, _, value = option.partition("=")
        if name.strip() == "q":
            return float(value) if re.fullmatch(r"[01](\.\d{0,3})?", value.strip()) else 0.0
    return 1.0
