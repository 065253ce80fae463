"""Jobs as a front end shows them: pages, one with its traceback, its log in pieces, its form."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from labline import notebooks
from labline.lab.shapes import Form, JobDetail, LogPiece, ParameterField
from labline.records import Job, JobStatus

if TYPE_CHECKING:
    from labline.lab.service import Lab

#: how far jobs are counted
_COUNTED = 100_000


@dataclass(frozen=True)
class JobViews:
    """What is shown of jobs."""

    lab: Lab

    def page(
        self, *, limit: int, offset: int, status: JobStatus | None = None, filter: str = ""
    ) -> tuple[list[Job], int]:
        """Return a page of jobs, newest first, and how many there are in all."""
        jobs = self.lab.jobs
        if filter:
            return jobs.search(filter, limit=limit, offset=offset, status=status)
        found = jobs.list(limit=limit, offset=offset, status=status)
        return found, self.lab.workflows.count("job", _COUNTED, status)

    def detail(self, id: str) -> JobDetail:
        """Return a job, and why it failed.

        Raises
        ------
        NotFound
            There is no such job.
        """
        job = self.lab.jobs.get(id)
        worker = job.status.ended or self.lab.workflows.has_worker()
        return JobDetail(job, self.lab.jobs.traceback(job.id), worker)

    def log(self, id: str, *, after: int = 0, most: int | None = None) -> LogPiece:
        """Return what a job's cells have shown from a place on; ``next`` is where to go on.

        With `most`, what lies more than so many bytes before the end is passed over.

        Raises
        ------
        NotFound
            There is no such job.
        BadInput
            The place is below zero.
        """
        piece = self.lab.jobs.read_log(id, after, most=most)
        return LogPiece(piece.text, piece.offset, bool(piece.text), piece.ended, piece.skipped)

    def form(self, path: Path, shown: str) -> Form:
        """Return the form that a notebook's parameters make.

        Raises
        ------
        BadNotebook
            It is no notebook, not Python, or its parameters cell cannot be read.
        """
        book = notebooks.read(path)
        notebooks.require_python(book, shown)
        has_cell = notebooks.parameters_cell(book) is not None
        fields = tuple(
            ParameterField(
                item.name,
                item.kind,
                item.default,
                item.help,
                item.required,
                item.source,
                item.choices,
            )
            for item in notebooks.parameters(book)
        )
        return Form(shown, has_cell, fields)
