"""Jobs: pages, one, its log; submit, cancel, retry; and a notebook's form."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from labline.errors import BadInput, nearest
from labline.records import Job, JobStatus
from labline.server import commands
from labline.server.bodies import JobOptions, NewJobs
from labline.server.route import Asked, Query, Route, page, paging
from labline.server.routes import sweeps

if TYPE_CHECKING:
    from pathlib import Path

    from labline.jobs.options import Options
    from labline.lab import Lab
    from labline.lab.shapes import Done, Form, JobDetail, LogPiece, Submitted

T = TypeVar("T")


def _list(lab: Lab, asked: Asked) -> dict[str, Any]:
    query = asked.query
    found, total = lab.views.jobs.page(
        limit=query["limit"],
        offset=query["offset"],
        status=_status(query["status"]),
        filter=query["filter"] or "",
    )
    return page(asked, found, total)


def _status(text: str | None) -> JobStatus | None:
    if text is None:
        return None
    try:
        return JobStatus(text)
    except ValueError as error:
        raise BadInput(f"{text!r} is no status of a job.", fix=nearest(text, JobStatus)) from error


def _one(lab: Lab, asked: Asked) -> JobDetail:
    return lab.views.jobs.detail(asked.path["id"])


def _log(lab: Lab, asked: Asked) -> LogPiece:
    query = asked.query
    return lab.views.jobs.log(asked.path["id"], after=query["after"], most=query["most"])


def _submit(lab: Lab, asked: Asked) -> Submitted:
    from labline.lab.shapes import Submitted
    from labline.server.reading import below

    body: NewJobs = asked.body
    notebook, options = below(asked.shown, body.notebook), options_of(body.options, asked.shown)
    cli = commands.of_jobs(body)
    if body.axes:
        wanted = sweeps.wanted_of(body.search)
        sweep = lab.sweeps.start(notebook, body.parameters, body.axes, wanted, options)
        lab.errands.see_to([sweep.id])
        return Submitted(tuple(lab.sweeps.jobs(sweep)), cli, sweep.id)
    job = lab.queue.submit(notebook, body.parameters, options)
    lab.errands.see_to([job.id])
    return Submitted((job,), cli)


def options_of(given: JobOptions, shown: Path) -> Options:
    """Return the options of a job that a body gives; its inputs lie below the folder `shown`."""
    from labline.jobs.options import Options
    from labline.server.reading import below
    from labline.settings import to_bytes, to_seconds

    return Options(
        experiment=given.experiment or None,
        timeout=_read("timeout", to_seconds, given.timeout),
        memory=_read("memory", to_bytes, given.memory),
        retries=given.retries,
        retry_on_error=given.retry_on_error,
        cpus=given.cpus,
        priority=given.priority,
        group=given.group or None,
        inputs=[below(shown, one, folders=True) for one in given.inputs],
        keep=given.keep,
        key=given.key or None,
    )


def _read(name: str, read: Callable[[str], T], text: str | None) -> T | None:
    """Return what was typed for an option; an error names the option, for the form it is on."""
    try:
        return read(text) if text else None
    except BadInput as error:
        error.details["option"] = name
        raise


def _cancel(lab: Lab, asked: Asked) -> Done:
    from labline.lab.shapes import Done

    job = lab.jobs.get(asked.path["id"])
    lab.jobs.cancel(job.id)
    return Done(job.id, f"labline jobs cancel {job.id}")


def _retry(lab: Lab, asked: Asked) -> Submitted:
    from labline.lab.shapes import Submitted

    job: Job = lab.jobs.retry(asked.path["id"])
    lab.errands.see_to([job.id])
    return Submitted((job,), f"labline jobs retry {job.retry_of}")


def _form(lab: Lab, asked: Asked) -> Form:
    from labline.server.reading import below

    if not asked.query["path"]:
        raise BadInput("No notebook is named.", fix="Give ?path=NOTEBOOK.ipynb")
    return lab.views.jobs.form(below(asked.shown, asked.query["path"]), asked.query["path"])


_LIST = paging(
    Query("status", "Only jobs of this status."),
    Query("filter", "Part of id, notebook, parameters or error."),
)
ROUTES = (
    Route("GET", "jobs", "A page of jobs, newest first.", _list, "Job", "page", _LIST),
    Route("POST", "jobs", "Queue a notebook as a job or a sweep.", _submit, "Submitted",
          body=NewJobs, status=202, store="tracking"),
    Route("GET", "jobs/{id}", "A job, and why it failed.", _one, "JobDetail"),
    Route("GET", "jobs/{id}/log", "What its cells have shown, from a place on.", _log, "LogPiece",
          query=(Query("after", "The `next` of the last answer.", int, 0),
                 Query("most", "Bytes at its end to read; pass over those before.", int))),
    Route("POST", "jobs/{id}/cancel", "Take it out of the queue, or stop it.", _cancel, "Done",
          store="tracking"),
    Route("POST", "jobs/{id}/retry", "Queue it once more, as it was.", _retry, "Submitted",
          status=202),
    Route("GET", "notebooks/parameters", "The form that a notebook's parameters make.", _form,
          "Form", query=(Query("path", "As the file browser shows it."),)),
)  # fmt: skip
