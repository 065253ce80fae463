"""Notebook jobs: run a notebook with parameters, durably, as a recorded run.

The same execution serves the queue (:class:`Jobs`), a replay, and plain
``papermill --engine labline`` (:mod:`labline.jobs.engine`). papermill imports this package
whenever it is imported itself, so nothing is loaded here before it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labline.jobs.service import Jobs

__all__ = ["Jobs"]


def __getattr__(name: str) -> Any:
    if name == "Jobs":
        from labline.jobs.service import Jobs

        return Jobs
    raise AttributeError(f"module 'labline.jobs' has no attribute {name!r}")
