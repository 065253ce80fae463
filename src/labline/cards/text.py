"""Words as people read them, and harmless: names, values and errors are anybody's."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping
from typing import Any

# Control characters but for tab and line feed, marks that turn the text around them, halves of
# characters: a terminal obeys the first, the second make a name look like another, the third
# cannot be sent.
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_MOST = 12


def plain(text: str) -> str:
    r"""Return `text` with what is not to be seen in it spelt out.

    >>> print(plain("a\x1b[31mb"))
    a\x1b[31mb
    """
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], text)


def escape(text: str) -> str:
    """Return `text` as HTML shows it, in an element or in a quoted attribute."""
    return html.escape(plain(text))


def number(value: float) -> str:
    """Return a metric as people read it."""
    return f"{value:.6g}" if math.isfinite(value) else str(value)


def listing(values: Mapping[str, Any]) -> str:
    """Return ``a=1  b=2``, cut where it gets long."""
    parts = [
        f"{name}={number(value) if isinstance(value, float) else value}"
        for name, value in list(values.items())[:_MOST]
    ]
    return "  ".join(parts) + ("  ..." if len(values) > _MOST else "")


def told(*facts: tuple[str, Any]) -> list[tuple[str, str]]:
    """Return the facts that there is something to say about, as text."""
    return [(name, str(value)) for name, value in facts if value not in (None, "")]
