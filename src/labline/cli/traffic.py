"""``labline traffic``: who answers an endpoint's requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from labline.cli import render
from labline.cli.app import Group, Output, json_option, pass_output
from labline.records import to_dict

if TYPE_CHECKING:
    from labline.lab import Deployment


@click.group(cls=Group)
def traffic() -> None:
    """Move requests between a live release and a candidate."""


@traffic.command("show")
@click.argument("endpoint")
@click.option(
    "--window",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds to look back.",
)
@json_option
@pass_output
def show(output: Output, endpoint: str, window: float) -> None:
    """Show how each release answers, as the gateway measures it.

    Figures begin with the first look: look twice.

    Example: labline traffic show penguins
    """
    from labline.lab import Lab

    found = Lab.from_().serving.metrics(endpoint, window=window)
    rows = [
        (
            *(each.release, each.model, f"{each.weight} %", each.requests),
            f"{each.per_second:.1f}",
            f"{100 * each.error_rate:.2g} %",
            *(render.number(ms) if ms else "-" for ms in (each.p50_ms, each.p95_ms, each.p99_ms)),
        )
        for each in found.releases
    ]
    columns = ("release", "model", "share", "requests", "per s", "errors", "p50", "p95", "p99 ms")
    title = f"the last {found.window:.0f} s"

    def human() -> None:
        render.table(title, columns, rows, "Nothing is live here.")
        if found.agreement is not None:
            click.echo(f"The shadow agrees on {100 * found.agreement:.4g} % of the predictions.")
            click.echo(f"  more: labline traffic compare {endpoint}")

    output.emit(to_dict(found), human)


@traffic.command("compare")
@click.argument("endpoint")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=1e-6,
    show_default=True,
    help="Relative difference up to which two numbers agree.",
)
@json_option
@pass_output
def compare(output: Output, endpoint: str, tolerance: float) -> None:
    """Compare a shadow's answers with the live release's, on the same requests.

    Both keep a sample of the latest mirrored requests in memory, and none on disk.

    Example: labline traffic compare penguins --tolerance 0.01
    """
    from labline.cli.comparisons import show_comparison
    from labline.lab import Lab

    found = Lab.from_().serving.comparison(endpoint, tolerance=tolerance)
    output.emit(to_dict(found), lambda: show_comparison(found))


@traffic.command("shift")
@click.argument("endpoint")
@click.argument("percent", type=click.IntRange(1, 99))
@json_option
@pass_output
def shift(output: Output, endpoint: str, percent: int) -> None:
    """Give the candidate PERCENT of the requests.

    Example: labline traffic shift penguins 25
    """
    from labline.lab import Lab

    done = Lab.from_().serving.shift(endpoint, percent)
    _say(output, done, f"answers {done.release.weight} % of the requests to {done.url}.")


@traffic.command("finish")
@click.argument("endpoint")
@json_option
@pass_output
def finish(output: Output, endpoint: str) -> None:
    """Lead all requests to the candidate.

    What was live stops; labline rollback brings it back.

    Example: labline traffic finish penguins
    """
    from labline.lab import Lab

    done = Lab.from_().serving.finish(endpoint)
    _say(output, done, f"is live on {done.url}.")


@traffic.command("abort")
@click.argument("endpoint")
@click.option("--why", default="", help="Reason, kept in the ledger.")
@json_option
@pass_output
def abort(output: Output, endpoint: str, why: str) -> None:
    """Take the requests back from the candidate.

    Example: labline traffic abort penguins --why "p99 doubled"
    """
    from labline.lab import Lab

    done = Lab.from_().serving.abort(endpoint, why=why)
    _say(output, done, f"answers no more requests to {done.url}.")


def _say(output: Output, done: Deployment, what: str) -> None:
    facts = {"release": to_dict(done.release), "url": done.url}
    output.emit(facts, lambda: click.echo(f"{done.release.model} {what}"))
