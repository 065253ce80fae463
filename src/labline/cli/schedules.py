"""``labline schedules``: jobs by the clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from labline.cli import render
from labline.cli.app import Group, Output, json_option, pass_output
from labline.cli.options import Valued, job_options, values_option
from labline.records import Schedule, to_dict

if TYPE_CHECKING:
    from labline.jobs.options import Options
    from labline.lab import Lab


@click.group(cls=Group)
def schedules() -> None:
    """Run notebooks by the clock, while a worker is running."""


@schedules.command("add", cls=Valued)
@click.argument("notebook", type=click.Path(path_type=Path))
@click.option("--cron", required=True, help="Minute, hour, day, month, weekday: '0 6 * * 1-5'.")
@click.option("--timezone", default="UTC", show_default=True, help="Time zone of the rule.")
@click.option("--latest", "runs", flag_value="latest", help="Run the notebook as it is saved then.")
@click.option("--snapshot", "runs", flag_value="snapshot", help="Run the notebook as it is now.")
@click.option("--catch-up", is_flag=True, help="Make up for what came while no worker ran.")
@click.option("--name", default="", help="Name of the schedule; the notebook's unless given.")
@values_option
@job_options
@json_option
@pass_output
def add(
    output: Output,
    /,
    notebook: Path,
    values: Sequence[tuple[str, str]],
    options: Options,
    **rule: Any,
) -> None:
    """Run NOTEBOOK by a cron rule.

    Say which: --latest, the notebook as it is saved when the time comes, or --snapshot, as it is
    now.

    Example: labline schedules add train.ipynb --cron "0 6 * * *" --timezone Europe/Berlin --latest
    """
    from labline.jobs.schedules import Rule
    from labline.lab import Lab

    if not rule["runs"]:
        raise click.UsageError(
            "Say which notebook is to run: --latest (as it is saved then) or --snapshot (as now)."
        )
    lab = Lab.from_()
    _tell(lab, output, lab.queue.schedule(notebook, dict(values), Rule(**rule), options))


@schedules.command("list")
@json_option
@pass_output
def list_schedules(output: Output) -> None:
    """List schedules: when they come next, and what came of the last time.

    Example: labline schedules list
    """
    from labline.lab import Lab

    found = Lab.from_().jobs.schedules.list()
    empty = 'No schedules yet. Add one: labline schedules add NOTEBOOK --cron "0 6 * * *" --latest'
    rows = [
        (one.name, one.notebook, one.runs, f"{one.cron} {one.timezone}", _next(one),
         one.error.partition("\n")[0] or one.job or "-")
        for one in found
    ]  # fmt: skip
    columns = ("schedule", "notebook", "runs", "rule", "next", "last job")
    output.emit([to_dict(one) for one in found], lambda: render.table("", columns, rows, empty))


def _pause(lab: Lab, output: Output, name: str) -> None:
    _tell(lab, output, lab.jobs.schedules.pause(name))


def _resume(lab: Lab, output: Output, name: str) -> None:
    _tell(lab, output, lab.jobs.schedules.resume(name))


def _remove(lab: Lab, output: Output, name: str) -> None:
    lab.jobs.schedules.remove(name)
    output.emit({"removed": name}, lambda: click.echo(f"The schedule {name} is removed."))


def _trigger(lab: Lab, output: Output, name: str) -> None:
    job = lab.jobs.get(lab.jobs.schedules.trigger(name))
    output.emit(to_dict(job), lambda: click.echo(f"Job {job.id} is {job.status}."))


_VERBS: dict[str, tuple[Callable[[Lab, Output, str], None], str]] = {
    "pause": (_pause, "Let a schedule rest."),
    "resume": (
        _resume,
        "Let a schedule come again; what it missed while it rested stays missed.",
    ),
    "remove": (_remove, "Remove a schedule; its jobs stay."),
    "trigger": (_trigger, "Queue the job of a schedule now, beside its rule."),
}


def _verb(word: str) -> click.Command:
    """Return the command for what can be done with one schedule."""
    act, summary = _VERBS[word]

    @pass_output
    def call(output: Output, name: str) -> None:
        from labline.lab import Lab

        act(Lab.from_(), output, name)

    help = f"{summary}\n\nExample: labline schedules {word} train"
    return click.command(word, help=help)(click.argument("name")(json_option(call)))


for _word in _VERBS:
    schedules.add_command(_verb(_word))


def _tell(lab: Lab, output: Output, schedule: Schedule) -> None:
    def say() -> None:
        click.echo(
            f"{schedule.name} runs {schedule.notebook} ({schedule.runs}); next: {_next(schedule)}"
        )
        if not schedule.paused and not lab.workflows.has_worker():
            click.echo("No worker is running; schedules wait for one: labline up", err=True)

    output.emit(to_dict(schedule), say)


def _next(schedule: Schedule) -> str:
    if schedule.next is None:
        return "paused"
    when = datetime.fromtimestamp(schedule.next, ZoneInfo(schedule.timezone))
    return f"{when:%a %d %b %H:%M %Z}"
