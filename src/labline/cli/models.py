"""``labline promote``, ``export``, ``deploy`` and ``rollback``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from labline.cli import render
from labline.cli.app import Output, json_option, pass_output, stage_line
from labline.records import to_dict

if TYPE_CHECKING:
    from labline.lab import Deployment
    from labline.promotion import Promotion
    from labline.promotion.diff import Diff
    from labline.records import Release


@click.command()
@click.argument("candidate")
@click.option("--to", "stage", required=True, help="Stage that the candidate shall hold.")
@click.option("--model", help="Name to register a run under; the project's unless given.")
@click.option("--experiment", help="Experiment that best:METRIC looks in.")
@click.option("--dry-run", is_flag=True, help="Judge, and change nothing.")
@click.option(
    "--deploy/--no-deploy",
    default=None,
    help="Begin the stage's rollout then; as the stage's endpoint says unless given.",
)
@click.option("--markdown", is_flag=True, help="Print the diff fit for a pull-request comment.")
@json_option
@pass_output
def promote(output: Output, /, candidate: str, stage: str, markdown: bool, **wishes: Any) -> int:
    """Judge CANDIDATE, and let it hold a stage.

    The gates of the stage, in labline.toml, decide.
    CANDIDATE is best:METRIC, a run id, MODEL, MODEL/VERSION or MODEL@STAGE. A refusal is exit
    code 1; a promotion that waits for approval is exit code 0, its "state" is "needs approval".
    With --deploy, or an endpoint in the stage, what was promoted is deployed by the stage's
    rollout, which goes on by itself: labline promotions show tells how far it is.
    Shown is the promotion diff: what the gates say, and what candidate and champion differ in.

    Example: labline promote best:r2 --to staging --dry-run
    """
    from labline.lab import Lab

    lab = Lab.from_()
    promotion = lab.promote(
        candidate,
        to=stage,
        **wishes,
        progress=None if output.as_json or markdown else stage_line(),
    )
    diff = lab.differences.of(promotion)
    data = {**promotion.to_dict(), "diff": diff.to_dict()}
    output.emit(data, lambda: _show_promotion(promotion, diff, markdown))
    return 0 if promotion.passed else 1


def _show_promotion(promotion: Promotion, diff: Diff, markdown: bool) -> None:
    if markdown:
        click.echo(diff.to_markdown(), nl=False)
        return
    from labline.cli import diffs

    diffs.show(diff)
    render.promotion_end(promotion)


@click.command()
@click.argument("model")
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path), help="Copy the Bento here."
)
@json_option
@pass_output
def export(output: Output, model: str, folder: Path | None) -> None:
    """Build the Bento of a model version.

    MODEL is NAME, NAME/VERSION or NAME@STAGE.

    Example: labline export penguins@prod -o build/penguins
    """
    from labline.lab import Lab

    bento = Lab.from_().serving.export(model, output=folder)
    output.emit(
        to_dict(bento), lambda: click.echo(f"{bento.tag}  ({bento.model})\n{folder or bento.path}")
    )


@click.command()
@click.argument("model")
@click.option("--endpoint", help="Endpoint; the model's name unless given.")
@click.option(
    "--env",
    "environment",
    type=click.Choice(["locked", "current"]),
    default="locked",
    show_default=True,
    help="A venv built from the Bento's locked requirements, or this Python.",
)
@click.option(
    "--instances",
    type=click.IntRange(1, 32),
    help="Processes; as the stage says, or as many as are live, unless given.",
)
@click.option("--canary", type=click.IntRange(1, 99), help="Percent of the requests it answers.")
@click.option("--shadow", is_flag=True, help="Give it a copy of each request; it answers none.")
@click.option("--now", is_flag=True, help="Take over at once, without the stage's rollout.")
@json_option
@pass_output
def deploy(output: Output, /, model: str, shadow: bool, canary: int | None, **wishes: Any) -> int:
    """Serve a model version on an endpoint.

    MODEL is NAME, NAME/VERSION or NAME@STAGE. What serves now serves until it is ready; with
    --canary or --shadow it goes on, until labline traffic finish or abort. MODEL@STAGE takes over
    by the steps of the stage's rollout; one that is aborted is exit code 1.

    Example: labline deploy penguins@prod
    """
    from labline.lab import Lab, Order

    if canary and shadow:
        raise click.UsageError("Give --canary or --shadow, one after the other.")
    order = Order(model, shadow=shadow, canary=canary or 0, **wishes)
    progress = None if output.as_json else stage_line()
    deployment = Lab.from_().serving.deploy(order, progress=progress)
    output.emit(_deployment(deployment), lambda: _show_deployment(deployment))
    return 1 if deployment.release.state == "aborted" else 0


@click.command()
@click.argument("endpoint")
@json_option
@pass_output
def rollback(output: Output, endpoint: str) -> None:
    """Bring back the release that served before.

    Example: labline rollback penguins
    """
    from labline.lab import Lab

    deployment = Lab.from_().serving.rollback(
        endpoint, progress=None if output.as_json else stage_line()
    )
    output.emit(_deployment(deployment), lambda: _show_deployment(deployment))


def _deployment(deployment: Deployment) -> dict[str, Any]:
    return {"release": to_dict(deployment.release), "url": deployment.url, "key": deployment.key}


def _show_deployment(deployment: Deployment) -> None:
    release = deployment.release
    if release.state == "aborted":
        click.secho(f"{release.model} was aborted: {release.reason}", fg="red", bold=True)
        click.echo(f"  What served {deployment.url} before serves all of it.")
        return
    how = "live" if release.state == "live" else _trial(release)
    click.secho(f"{release.model} is {how} on {deployment.url}", fg="green", bold=True)
    if release.state == "candidate":
        click.echo(f"  next: labline traffic finish {release.endpoint}")
        click.echo(f"    or: labline traffic abort {release.endpoint}")
        return
    if deployment.key:
        click.echo(f"  API key (shown once): {deployment.key}")
        click.echo("  Send it as: Authorization: Bearer KEY")
    click.echo(f"  next: labline predict {release.endpoint} --example")


def _trial(release: Release) -> str:
    if release.mirrored:
        return "a shadow"
    return f"a canary with {release.weight} % of the requests"
