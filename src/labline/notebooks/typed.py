"""Parameters as a person types them on a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from labline.errors import BadInput

OPTION = "-p"
_JOINED = re.compile(r"([^\W\d]\w*)=(.*)", re.DOTALL)


def apart(words: Iterable[str]) -> Iterator[str]:
    """Yield words with ``-p NAME=VALUE`` as ``-p NAME VALUE``; a name has no ``=``.

    >>> list(apart(["-p", "a=1=2", "-p", "b", "c=3"]))
    ['-p', 'a', '1=2', '-p', 'b', 'c=3']

    Raises
    ------
    BadInput
        A name has no value behind it; one that begins with ``--`` must be joined by ``=``.
    """
    left = iter(words)
    for word in left:
        yield word
        if word == OPTION:
            yield from _pair(next(left, ""), left)


def _pair(name: str, left: Iterator[str]) -> tuple[str, str]:
    if joined := _JOINED.fullmatch(name):
        return joined[1], joined[2]
    value = next(left, None)
    if value is None or value == OPTION or value.startswith("--"):
        shown = name if name.isidentifier() else "alpha"
        raise BadInput(
            f"{OPTION} {name}".strip() + " has no value.", fix=f"For example: {OPTION} {shown}=0.5"
        )
    return name, value
