"""What people are told of jobs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from labline.errors import LablineError
from labline.jobs.order import Order
from labline.notify import Notice


def of_job(id: str, order: Order, error: Exception, facts: Mapping[str, Any]) -> Notice:
    """Return the notice of a job that has failed; of a sweep there is one, of the first."""
    schedule = order.tags.get("labline.schedule", "")
    known = error if isinstance(error, LablineError) else None
    of = f" of schedule {schedule}" if schedule else " of a sweep" if order.sweep else ""
    data = {
        "job": id,
        "notebook": order.path.name,
        "parameters": dict(order.parameters),
        "experiment": order.experiment,
        "run": facts.get("run_id"),
        "schedule": schedule or None,
        "sweep": order.sweep,
        "error": known.message if known else f"{type(error).__name__}: {error}",
        "fix": known.fix if known else "",
    }
    return Notice(
        id=order.sweep or id,
        type="schedule.failed" if schedule else "job.failed",
        title=f"Job {id}{of} failed: {order.path.name}",
        text=f"{data['error']}\n{data['fix']}\nSee labline jobs show {id}".replace("\n\n", "\n"),
        at=time.time(),
        data=data,
    )


def of_schedule(id: str, schedule: str, notebook: str, error: Exception) -> Notice:
    """Return the notice of a schedule that came and could not submit its job."""
    return Notice(
        id=id,
        type="schedule.failed",
        title=f"Schedule {schedule} could not submit its job",
        text=f"{error}\nSee labline schedules list",
        at=time.time(),
        data={"schedule": schedule, "notebook": notebook, "error": str(error)},
    )
