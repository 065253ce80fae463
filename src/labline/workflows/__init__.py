"""Durable workflows and queues: a thin adapter over DBOS, and the only part that imports it.

A body is a plain function of a :class:`Flow` and a JSON-ready payload. Each ``flow.step`` is
recorded once it is done; a body that a killed process left is run again by another, passing over
the recorded steps.

Submitting, reading, cancelling and waiting need no worker; :meth:`Workflows.executor` turns this
process into one. Every executor has an identity of its own and a row in the table ``workers``.
An executor is dead if its row is gone, its process is gone (same host) or its heartbeat is older
than a minute (other hosts); what it left is put back into the queue by whichever executor sees
that first. No workflow is taken from a live executor.
"""

from labline.workflows.flow import Flow, Interrupted
from labline.workflows.queues import of_group
from labline.workflows.service import Workflows
from labline.workflows.state import WorkflowState
from labline.workflows.timetable import Entry, Timetable, checked

__all__ = [
    "Entry",
    "Flow",
    "Interrupted",
    "Timetable",
    "WorkflowState",
    "Workflows",
    "checked",
    "of_group",
]
