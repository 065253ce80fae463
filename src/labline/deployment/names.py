"""Names that an endpoint may have: they are parts of paths, of files and of Kubernetes objects."""

from __future__ import annotations

import re

from labline.errors import BadInput

_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?")
#: answered by the gateway itself
_RESERVED = frozenset({"livez", "readyz"})


def check_name(endpoint: str) -> None:
    """Return if an endpoint may be called so.

    Raises
    ------
    BadInput
        It may not.
    """
    if not _NAME.fullmatch(endpoint) or endpoint in _RESERVED:
        raise BadInput(
            f"{endpoint!r} cannot be the name of an endpoint.",
            fix=f"Choose another: --endpoint {_name_like(endpoint)}\n"
            "Lower-case letters, digits, '-' and '_', 63 at most; not livez or readyz.",
        )


def _name_like(name: str) -> str:
    """Return a name that an endpoint may have and that reminds of `name`."""
    plain = re.sub(r"[^a-z0-9_]+", "-", name.lower())[:63].strip("-_")
    return plain if _NAME.fullmatch(plain) and plain not in _RESERVED else "NAME"
