"""Following a sweep: what does not move is not read again."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from labline.jobs.sweeps.book import Book
from labline.records import JobStatus
from labline.workflows import WorkflowState


@dataclass
class Queue:
    """The workflows of one sweep, and the ids that were read whole."""

    states_: dict[str, WorkflowState] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)

    def set(self, number: int, status: JobStatus) -> None:
        id = f"s-{number}"
        self.states_[id] = WorkflowState(id=id, name="job", status=status, created=0.0, payload={})

    def list(self, name: str, *, prefix: str, limit: int | None, whole: bool) -> list[Any]:
        assert (name, prefix, limit, whole) == ("job", "s-", None, False)
        return [*self.states_.values()]

    def states(self, ids: list[str]) -> dict[str, WorkflowState]:
        self.read += ids
        return {id: self.states_[id] for id in ids}


def test_only_jobs_that_run_or_have_changed_are_read_again() -> None:
    queue = Queue()
    book = Book(queue, None, replace)  # type: ignore[arg-type]
    known: dict[str, Any] = {}
    for number in (10, 2, 1):
        queue.set(number, JobStatus.QUEUED)
    assert [job.id for job in book.follow("s", known)] == ["s-1", "s-2", "s-10"]

    queue.read.clear()
    queue.set(1, JobStatus.RUNNING)
    found = book.follow("s", known)
    assert queue.read == ["s-1"]
    assert [job.status for job in found] == [JobStatus.RUNNING, *[JobStatus.QUEUED] * 2]

    queue.set(1, JobStatus.SUCCEEDED)
    queue.set(2, JobStatus.RUNNING)
    book.follow("s", known)
    queue.read.clear()
    assert book.follow("s", known)[0].status is JobStatus.SUCCEEDED
    assert queue.read == ["s-2"]
