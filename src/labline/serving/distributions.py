"""Names and versions of installed distributions."""

from __future__ import annotations

import re
from importlib.metadata import Distribution


def named(found: Distribution) -> tuple[str, str] | None:
    """Return the name and version of a distribution; None where a broken one lacks them.

    The standard library parses all of the metadata, readme and licence included, for each of the
    two: half a second for an environment of some hundred.
    """
    text = found.read_text("METADATA") or found.read_text("PKG-INFO") or ""
    head = text.replace("\r\n", "\n").partition("\n\n")[0]
    name = re.search(r"^Name: *(\S+)", head, re.MULTILINE)
    version = re.search(r"^Version: *(\S+)", head, re.MULTILINE)
    return (name[1], version[1]) if name and version else None
