"""Whether a licence, as an SPDX expression, may be: expression and lists in, answer out."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase


def allows(expression: str, allowed: Sequence[str], denied: Sequence[str]) -> bool:
    """Return whether a licence may be; of licences to choose from (``OR``) one must.

    The lists hold SPDX identifiers, ``*`` for any part of one; an empty `allowed` takes all.

    >>> allows("Apache-2.0 OR GPL-3.0-only", allowed=(), denied=("GPL-*",))
    True
    >>> allows("MIT AND GPL-3.0-only", allowed=(), denied=("GPL-*",))
    False
    """

    def may_be(licence: str) -> bool:
        return not _named(licence, denied) and (not allowed or _named(licence, allowed))

    return _Reader(expression, may_be).read()


def _named(licence: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(licence.lower(), pattern.lower()) for pattern in patterns)


class _Reader:
    """Evaluate an SPDX expression: WITH binds closest, then AND, then OR."""

    def __init__(self, expression: str, may_be: Callable[[str], bool]) -> None:
        self._words = re.findall(r"[()]|[^\s()]+", expression)
        self._may_be = may_be

    def read(self) -> bool:
        """Return the value of the whole."""
        said = self._any()
        return said and not self._words

    def _any(self) -> bool:
        said = self._all()
        while self._next("OR"):
            # Both sides must be read, whatever the first says.
            said = self._all() or said
        return said

    def _all(self) -> bool:
        said = self._one()
        while self._next("AND"):
            said = self._one() and said
        return said

    def _one(self) -> bool:
        if self._next("("):
            said = self._any()
            return self._next(")") and said
        licence = self._words.pop(0) if self._words else ""
        if self._next("WITH") and self._words:
            self._words.pop(0)
        return bool(licence) and self._may_be(licence)

    def _next(self, word: str) -> bool:
        if self._words and self._words[0].upper() == word:
            self._words.pop(0)
            return True
        return False
