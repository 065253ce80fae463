"""``labline sweeps``: a notebook over a space of parameters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.text import Text

from labline.cli import render
from labline.cli.app import Group, Output, json_option, pass_output
from labline.cli.options import limit_option

if TYPE_CHECKING:
    from labline.jobs.sweeps import Sweep


@click.group(cls=Group)
def sweeps() -> None:
    """Look at sweeps, and cancel them.

    A sweep is started by labline run NOTEBOOK --sweep NAME=V1,V2.
    """


@sweeps.command("list")
@limit_option
@json_option
@pass_output
def list_sweeps(output: Output, limit: int) -> None:
    """List sweeps, newest first.

    Example: labline sweeps list
    """
    from labline.lab import Lab

    found = Lab.from_().sweeps.list(limit=limit)
    rows = [
        (item.status, item.id, item.notebook, ", ".join(item.space), item.search.kind,
         f"{sum(trial.status.ended for trial in item.trials)}/{item.search.trials}",
         _best(item), render.ago(item.created))
        for item in found
    ]  # fmt: skip
    columns = ("status", "sweep", "notebook", "over", "search", "trials", "best", "started")
    empty = "No sweeps yet. Start one: labline run NOTEBOOK --sweep alpha=0.1,1,10"
    told = [item.to_dict() for item in found]
    output.emit(told, lambda: render.table("", columns, rows, empty))


def _best(sweep: Sweep) -> str:
    best = sweep.best
    if best is None:
        return "-"
    return f"{sweep.search.metric} {render.number(best.metrics[sweep.search.metric])}"


@sweeps.command("show")
@click.argument("sweep", required=False)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write table and figure as a page.",
)
@json_option
@pass_output
def show(output: Output, sweep: str | None, html: Path | None) -> None:
    """Show the trials of a sweep, the best first; of the newest unless SWEEP is named.

    Example: labline sweeps show 3f2a91
    """
    from labline.jobs.sweeps.page import page
    from labline.lab import Lab

    found = Lab.from_().sweeps.get(sweep)
    if html:
        html.write_text(page(found), encoding="utf-8")
    output.emit(found.to_dict(), lambda: report(found))
    if html and not output.as_json:
        click.echo(f"Written to {html}.")


@sweeps.command("cancel")
@click.argument("sweep")
@json_option
@pass_output
def cancel(output: Output, sweep: str) -> None:
    """Cancel a sweep and those of its jobs that have not ended.

    Example: labline sweeps cancel 3f2a91
    """
    from labline.lab import Lab

    found = Lab.from_().sweeps.cancel(sweep)
    output.emit(found.to_dict(), lambda: click.echo(f"{found.id} is {found.status}."))


def report(sweep: Sweep) -> None:
    """Print a sweep: what it is, how it stands, its trials."""
    best = sweep.best
    rows = [
        [Text(cell, "bold green" if trial is best else "") for cell in row]
        for trial, row in zip(sweep.ranked, sweep.cells(), strict=True)
    ]
    click.echo(sweep.title)
    render.table("", sweep.headings, rows, "No trials yet.")
    click.echo(f"\n{sweep.headline}")
    click.echo(f"  figure: labline sweeps show {sweep.id} --html sweep.html")
