"""``labline retrain``: train a model again, by the policy."""

from __future__ import annotations

import click

from labline.cli.app import Output, json_option, pass_output, stage_line
from labline.records import to_dict


@click.command()
@click.argument("endpoint")
@click.option("--why", default="by hand", show_default=True, help="Reason, kept in the ledger.")
@click.option("--detach", is_flag=True, help="Do not wait for it.")
@json_option
@pass_output
def retrain(output: Output, endpoint: str, why: str, detach: bool) -> None:
    """Train again what an endpoint serves: a job, then a promotion that waits for a person.

    The section [retrain] says by which notebook, and for which stage. No traffic is moved.

    Example: labline retrain penguins --why "new season"
    """
    from labline.lab import Lab

    lab = Lab.from_()
    if detach:
        id = lab.retraining.begin(endpoint, why=why)
        output.emit({"id": id}, lambda: click.echo("It is queued. See labline jobs list."))
        return
    done = lab.retraining.finish(endpoint, why=why, progress=stage_line())

    def human() -> None:
        click.echo(f"{done.model} was trained again: job {done.job}, run {done.run}.")
        click.echo(f"It is being judged for {done.stage}; then somebody has to say:")
        click.echo(f"  labline approve {done.promotion[:8]}")

    output.emit(to_dict(done), human)
