"""The error tree: one base, four kinds, and one table of what each kind means to a surface.

The docstring of a class is its default message. A message names the value at fault; ``fix`` says
what to do next. Surfaces never branch on classes: they read :attr:`LablineError.exit_code` and
:attr:`LablineError.status`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, ClassVar


class LablineError(Exception):
    """Something went wrong inside labline."""

    exit_code: ClassVar[int] = 1
    status: ClassVar[int] = 500

    def __init__(self, message: str | None = None, *, fix: str = "", **details: Any) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.fix = fix
        self.details = details
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.message}\n{self.fix}" if self.fix else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Errors cross process borders inside durable workflows.
        return _rebuild, (type(self), self.message, self.fix, self.details)

    def to_dict(self) -> dict[str, Any]:
        """Return the error as JSON-ready data, the same for ``--json`` and REST."""
        return {
            "error": type(self).__name__,
            "message": self.message,
            "fix": self.fix,
            **({"details": self.details} if self.details else {}),
        }


def _rebuild(kind: type[LablineError], message: str, fix: str, details: dict[str, Any]) -> Any:
    return kind(message, fix=fix, **details)


class BadInput(LablineError):
    """The input cannot be used."""

    exit_code = 2
    status = 400


class BadSettings(BadInput):
    """labline.toml cannot be used."""


class BadParameter(BadInput):
    """A notebook parameter is unknown, missing or of the wrong type."""


class BadNotebook(BadInput):
    """The notebook cannot be run."""


class NotFound(BadInput):
    """No such thing."""

    status = 404


class Refused(LablineError):
    """The request was understood and refused."""

    status = 409


class Conflict(Refused):
    """Something else holds what is needed."""


class Failed(LablineError):
    """The work was started and failed."""

    status = 409


class CellFailed(Failed):
    """A notebook cell raised."""


class BootFailed(Failed):
    """A release did not become ready."""


class Interruption(KeyboardInterrupt):
    """Somebody stopped waiting (ctrl-C, the stop button): says what becomes of the work."""

    def __init__(self, message: str, *, fix: str) -> None:
        self.message = message
        self.fix = fix
        super().__init__(f"{message}\n{fix}")


class Unreachable(LablineError):
    """A service that labline needs cannot be reached."""

    exit_code = 3
    status = 503


def nearest(name: str, known: Iterable[str]) -> str:
    """Return a hint that names the known word closest to `name`, or lists what is known."""
    words = sorted(known)
    close = difflib.get_close_matches(name, words, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known: {', '.join(words)}." if words else "None are known yet."
