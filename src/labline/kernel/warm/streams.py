"""stdout and stderr of a zygote, which become those of the kernel that is forked from it.

A module may keep ``sys.stderr`` when it is imported, as :class:`logging.StreamHandler` does. In a
cold kernel that is the kernel's stream, whose text arrives in the notebook; here it becomes so.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any


class Passing(io.TextIOBase):
    """Passes everything on to another stream."""

    def __init__(self, target: Any) -> None:
        super().__init__()
        self._target = target

    def become(self, target: Any) -> None:
        """Pass on to `target` from now on."""
        self._target = target

    def write(self, text: str) -> int:
        """Write to the target."""
        return int(self._target.write(text))

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]
        """Write to the target."""
        self._target.writelines(lines)

    def flush(self) -> None:
        """Flush the target."""
        self._target.flush()

    def fileno(self) -> int:
        """Return the target's descriptor."""
        return int(self._target.fileno())

    def isatty(self) -> bool:
        """Tell whether the target is a terminal."""
        return bool(self._target.isatty())

    def writable(self) -> bool:
        """Tell that it is."""
        return True

    def close(self) -> None:
        """Do nothing: it is not this one's to close."""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Encoding of the target."""
        return str(self._target.encoding)

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """How the target handles what it cannot encode."""
        return str(self._target.errors)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)


_passing: dict[str, Passing] = {}


def install() -> None:
    """Let what is imported from now on keep streams that will be the kernel's."""
    for name in ("stdout", "stderr"):
        _passing[name] = Passing(getattr(sys, name))
        setattr(sys, name, _passing[name])


def become_the_kernels() -> None:
    """Pass on to this process's own stdout and stderr."""
    for name, stream in _passing.items():
        stream.become(getattr(sys, name))
