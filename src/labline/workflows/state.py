"""A workflow as it stands, read from what DBOS keeps of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labline.errors import Failed
from labline.records import JobStatus
from labline.workflows.flow import payload_of

#: DBOS's word for what it tries no more
GIVEN_UP = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
#: DBOS's words for a status
STATUS = {
    JobStatus.QUEUED: ["ENQUEUED", "DELAYED"],
    JobStatus.RUNNING: ["PENDING"],
    JobStatus.SUCCEEDED: ["SUCCESS"],
    JobStatus.FAILED: ["ERROR", GIVEN_UP],
    JobStatus.CANCELLED: ["CANCELLED"],
}
#: the status that a word of DBOS's means
READ = {word: status for status, words in STATUS.items() for word in words}


@dataclass(frozen=True)
class WorkflowState:
    """A workflow as it stands."""

    id: str
    name: str
    status: JobStatus
    payload: dict[str, Any]
    created: float
    started: float | None = None
    ended: float | None = None
    #: what the body returned
    result: Any = None
    #: what the body raised
    error: Exception | None = None


def state_of(found: Any) -> WorkflowState:
    """Return a workflow as DBOS has it."""
    given = found.input["args"] if isinstance(found.input, dict) else ({}, 0.0)
    return WorkflowState(
        id=found.workflow_id,
        name=found.name,
        status=READ[found.status],
        payload=payload_of(*given),
        # DBOS on SQLite keeps whole seconds.
        created=(isinstance(given[1], float) and given[1]) or found.created_at / 1000,
        started=_seconds(found.dequeued_at),
        ended=_seconds(found.completed_at),
        result=found.output,
        error=_error(found),
    )


def _error(found: Any) -> Exception | None:
    if found.status == GIVEN_UP:
        return Failed(
            f"{found.name} {found.workflow_id} was given up: each of {found.recovery_attempts} "
            "times its worker died or was stopped.",
            fix="Look at .labline/logs; a notebook that needs more memory than there is does this.",
        )
    if found.error is None or isinstance(found.error, Exception):
        return found.error
    return Failed(f"{found.name} {found.workflow_id} failed: {found.error}")


def _seconds(millis: int | None) -> float | None:
    return millis / 1000 if millis else None
