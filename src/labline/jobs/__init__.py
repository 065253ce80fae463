"""Notebook jobs: run a notebook with parameters, durably, as a recorded run.

The same execution serves the queue (:class:`Jobs`), a replay, and plain
``papermill --engine labline`` (:mod:`labline.jobs.engine`).
"""

from labline.jobs.service import Jobs

__all__ = ["Jobs"]
