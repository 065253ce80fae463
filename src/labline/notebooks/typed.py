"""Parameters as a person types them on a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

OPTION = "-p"
_JOINED = re.compile(r"([^\W\d]\w*)=(.*)", re.DOTALL)


def apart(words: Iterable[str]) -> Iterator[str]:
    """Yield words with ``-p NAME=VALUE`` as ``-p NAME VALUE``; a name has no ``=``.

    >>> list(apart(["-p", "a=1=2", "-p", "b", "c=3"]))
    ['-p', 'a', '1=2', '-p', 'b', 'c=3']
    """
    before = ""
    for word in words:
        joined = _JOINED.fullmatch(word) if before == OPTION else None
        yield from joined.groups() if joined else (word,)
        before = word
