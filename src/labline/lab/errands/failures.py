"""What a workflow raised, as surfaces word it."""

from __future__ import annotations

from labline.errors import LablineError
from labline.lab.shapes import Failure


def failure_of(error: BaseException | None) -> Failure | None:
    """Return an error as data; None for none."""
    if error is None:
        return None
    if isinstance(error, LablineError):
        return Failure(type(error).__name__, error.message, error.fix, dict(error.details))
    return Failure(
        type(error).__name__, str(error) or "It failed.", "See the worker's log in .labline/logs."
    )
