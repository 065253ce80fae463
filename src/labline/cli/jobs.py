"""``labline run``, ``jobs`` and ``worker``: notebooks as jobs."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labline.cli import render
from labline.cli.app import Group, Output, json_option, pass_output
from labline.cli.ci import GitHub, GitLab, detect
from labline.cli.junit import refusal, report, write
from labline.cli.options import (
    Swept,
    Valued,
    job_options,
    limit_option,
    sweep_options,
    values_option,
)
from labline.errors import LablineError
from labline.records import Job, JobStatus, to_dict

if TYPE_CHECKING:
    from labline.jobs.options import Options
    from labline.jobs.sweeps import Sweep
    from labline.lab import Lab

_ICON = {
    JobStatus.QUEUED: "·",
    JobStatus.RUNNING: "▸",
    JobStatus.SUCCEEDED: "✔",
    JobStatus.FAILED: "✘",
    JobStatus.CANCELLED: "-",
}


@click.command(cls=Valued)
@click.argument("notebook", type=click.Path(path_type=Path))
@values_option
@sweep_options
@job_options
@click.option("--key", help="Submit once: the same key is the same job.")
@click.option(
    "--junit",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a JUnit report: a test case for each job.",
)
@click.option("--wait/--detach", default=True, help="Wait for the end, or only queue.")
@json_option
@pass_output
def run(
    output: Output,
    notebook: Path,
    values: Sequence[tuple[str, str]],
    key: str | None,
    junit: Path | None,
    wait: bool,
    swept: Swept | None,
    options: Options,
) -> int:
    """Run NOTEBOOK as a job, or as a sweep of jobs.

    A cell that raises is exit code 1; a wrong parameter is 2, before anything runs; a service
    that is away is 3. In GitHub Actions and GitLab CI the log of each job is a group.

    Example: labline run notebooks/train.ipynb -p alpha 0.5
    """
    from labline.lab import Lab

    if junit and not wait:
        raise click.UsageError("--junit needs the end of the jobs: leave out --detach.")
    lab, given, options = Lab.from_(), dict(values), replace(options, key=key)
    with _refusals(notebook, junit):
        sweep = lab.sweeps.start(notebook, given, *swept, options) if swept else None
        jobs = lab.sweeps.jobs(sweep) if sweep else [lab.queue.submit(notebook, given, options)]
    if wait:
        sweep, jobs = _follow(lab, sweep, jobs, quiet=output.as_json)
    if junit:
        write(junit, report(jobs, lambda job: lab.jobs.traceback(job.id)))
    output.emit([to_dict(job) for job in jobs], lambda: _report(jobs, sweep))
    return 0 if all(_is_fine(job) for job in jobs) else 1


@contextmanager
def _refusals(notebook: Path, junit: Path | None) -> Iterator[None]:
    """Report what was not even submitted, too."""
    try:
        yield
    except LablineError as error:
        if junit:
            write(junit, refusal(notebook, error))
        raise


def _is_fine(job: Job) -> bool:
    return job.status is JobStatus.SUCCEEDED or bool(job.pruned) or not job.status.ended


def _follow(
    lab: Lab, sweep: Sweep | None, jobs: Sequence[Job], *, quiet: bool
) -> tuple[Sweep | None, list[Job]]:
    with _listener(lab, quiet=quiet) as listen:
        if sweep is None:
            return None, lab.queue.wait(jobs, listen)
        ended = lab.sweeps.wait(sweep, listen)
    return ended, lab.sweeps.jobs(ended)


@contextmanager
def _listener(lab: Lab, *, quiet: bool) -> Iterator[Callable[[Sequence[Job]], None] | None]:
    """Yield what shows how jobs come on, as the place wants it."""
    if system := detect(partial(click.echo, err=True, color=True)):
        yield _lines(partial(_group, lab, system))
    elif quiet:
        yield None
    elif sys.stderr.isatty():
        from labline.cli.progress import bars

        with bars() as show:
            yield show
    else:
        yield _lines()


def _lines(at_end: Callable[[Job], None] | None = None) -> Callable[[Sequence[Job]], None]:
    """Return a listener that prints a line as each job starts and ends, for logs and CI."""
    seen: dict[str, JobStatus] = {}

    def show(jobs: Sequence[Job]) -> None:
        for job in jobs:
            if seen.get(job.id) != job.status:
                seen[job.id] = job.status
                state = "pruned" if job.pruned else job.status
                click.echo(f"  {_ICON[job.status]} {job.id} {state} {_values(job)}", err=True)
                if at_end and job.status.ended:
                    at_end(job)

    return show


def _group(lab: Lab, system: GitHub | GitLab, job: Job) -> None:
    """Print the log of a job that has ended as CI systems want it."""
    title = f"{job.notebook} {_values(job)} {job.status}"
    system.group(title, lab.jobs.log(job.id) if job.output else "it showed nothing")
    if job.error and not job.pruned:
        system.error(job.notebook, job.error)


def _values(job: Job) -> str:
    return "  ".join(f"{name}={value}" for name, value in job.parameters.items())


def _report(jobs: Sequence[Job], sweep: Sweep | None = None) -> None:
    if sweep:
        from labline.cli.sweeps import report as report_sweep

        report_sweep(sweep)
    else:
        _table(jobs)
    for reason, why in _reasons(jobs).items():
        many = f"{len(why)} jobs" if len(why) > 1 else why[0].id
        click.secho(f"\n{many}: {reason}", fg="red", err=True)
        click.echo(f"  {_rest(why[0].error)}", err=True)


def _table(jobs: Sequence[Job]) -> None:
    names = sorted({name for job in jobs for name in job.metrics})
    rows = [
        (
            f"{_ICON[job.status]} {job.status}",
            job.id,
            _values(job),
            _took(job),
            *(render.number(job.metrics[n]) if n in job.metrics else "-" for n in names),
        )
        for job in jobs
    ]
    render.table("", ("status", "job", "parameters", "took", *names), rows, "")


def _reasons(jobs: Sequence[Job]) -> dict[str, list[Job]]:
    """Return the failed jobs by why they failed: in a sweep that is often the same."""
    found: dict[str, list[Job]] = {}
    for job in jobs:
        if job.error and not job.pruned:
            found.setdefault(job.error.splitlines()[0], []).append(job)
    return found


def _rest(error: str) -> str:
    return "\n  ".join(error.splitlines()[1:])


def _took(job: Job) -> str:
    return render.duration(job.ended - job.started if job.ended and job.started else None)


@click.group(cls=Group)
def jobs() -> None:
    """Look at jobs, cancel them, and try them again."""


@jobs.command("list")
@limit_option
@json_option
@pass_output
def list_jobs(output: Output, limit: int) -> None:
    """List jobs, newest first.

    Example: labline jobs list
    """
    from labline.lab import Lab

    found = Lab.from_().jobs.list(limit=limit)
    empty = "No jobs yet. Run a notebook: labline run NOTEBOOK"
    rows = [
        (f"{_ICON[job.status]} {job.status}", job.id, job.notebook, _values(job),
         f"{job.progress[0]}/{job.progress[1]}", render.ago(job.created), _took(job))
        for job in found
    ]  # fmt: skip
    columns = ("status", "job", "notebook", "parameters", "cells", "submitted", "took")
    output.emit([to_dict(job) for job in found], lambda: render.table("", columns, rows, empty))


@jobs.command("show")
@click.argument("job")
@json_option
@pass_output
def show_job(output: Output, job: str) -> None:
    """Show one job: parameters, progress, outputs, and why it failed.

    Example: labline jobs show 3f2a91
    """
    from labline.lab import Lab

    view = Lab.from_().jobs.view(job)
    output.emit(view.to_dict(), lambda: _job(view.job))


def _job(job: Job) -> None:
    facts = [
        ("status", f"{_ICON[job.status]} {job.status}"),
        ("notebook", job.notebook),
        ("cells", f"{job.progress[0]} of {job.progress[1]}"),
        *([("at cell", f"{job.cell.number}: {job.cell.name}")] if job.cell else []),
        ("run", job.run_id or "-"),
        ("output", job.output or "-"),
        ("report", job.report or "-"),
        *(("kept", f"{one.path} ({render.size(one.size)})") for one in job.artifacts),
        ("took", _took(job)),
        *([("attempts", str(job.attempt))] if job.attempt > 1 else []),
        *([("retry of", job.retry_of)] if job.retry_of else []),
        *((f"-p {name}", value) for name, value in job.parameters.items()),
        *((name, render.number(value)) for name, value in job.metrics.items()),
    ]
    if job.error:
        facts.append(("error", job.error))
    render.table("", (job.id, ""), facts, "")


@jobs.command("logs")
@click.argument("job")
@click.option("-f", "--follow", is_flag=True, help="Go on until the job has ended.")
@json_option
@pass_output
def logs(output: Output, job: str, follow: bool) -> int:
    """Print what the cells of a job have shown.

    With -f, as it is shown; the exit code is then 1 if the job fails.

    Example: labline jobs logs -f 3f2a91
    """
    from labline.lab import Lab

    jobs = Lab.from_().jobs
    if output.as_json:
        found = jobs.wait([jobs.get(job).id])[0] if follow else jobs.get(job)
        told = {"job": found.id, "status": found.status, "log": jobs.log(found.id)}
        output.emit(told, lambda: None)
    else:
        for piece in jobs.follow(job) if follow else [jobs.log(job)]:
            click.echo(piece, nl=False)
        found = jobs.get(job)
    if not follow or found.status is JobStatus.SUCCEEDED:
        return 0
    if not output.as_json:
        click.secho(found.error or f"The job is {found.status}.", fg="red", err=True)
    return 1


@jobs.command("cancel")
@click.argument("job")
@json_option
@pass_output
def cancel(output: Output, job: str) -> None:
    """Cancel a job; what it has run so far is kept.

    Example: labline jobs cancel 3f2a91
    """
    from labline.lab import Lab

    lab = Lab.from_()
    lab.jobs.cancel(job)
    found = lab.jobs.get(job)
    output.emit(to_dict(found), lambda: click.echo(f"{found.id} is {found.status}."))


@jobs.command("retry")
@click.argument("job")
@json_option
@pass_output
def retry(output: Output, job: str) -> None:
    """Queue a job that has ended once more: same notebook as submitted, same values.

    Example: labline jobs retry 3f2a91
    """
    from labline.lab import Lab

    found = Lab.from_().jobs.retry(job)
    output.emit(
        to_dict(found),
        lambda: click.echo(f"{found.id} is {found.status}; it tries {found.retry_of} again."),
    )


@click.command()
@click.option(
    "--idle", type=float, help="Stop after so many seconds with nothing to do; else run on."
)
def worker(idle: float | None) -> None:
    """Do queued work until interrupted.

    The platform starts one; on Postgres, start as many as you like, on any machine.

    Example: labline worker
    """
    from labline.lab import Lab

    lab = Lab.from_()
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    while not stop.is_set():
        with lab.worker():
            click.echo(f"worker ready for {lab.settings.root}", err=True)
            busy = time.monotonic()
            while not stop.wait(0.5 if idle else None):
                if lab.workflows.busy():
                    busy = time.monotonic()
                elif idle is not None and time.monotonic() - busy > idle:
                    break
        # Until it had signed off, others counted on it: what they queued meanwhile is its own.
        if not lab.workflows.busy():
            break
