"""``labline manifests``: files with which other systems run a model version."""

from __future__ import annotations

from pathlib import Path

import click

from labline.cli.app import Output, json_option, pass_output
from labline.records import to_dict


@click.command()
@click.argument("target")
@click.argument("model")
@click.option("--image", required=True, help="Image of the version, with a fixed tag or digest.")
@click.option("--canary-image", default="", help="Image of a candidate beside it.")
@click.option(
    "--canary-weight",
    type=click.IntRange(1, 99),
    default=None,
    help="Percent of the requests that the candidate answers.",
)
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("manifests"),
    show_default=True,
    help="Folder to write to.",
)
@json_option
@pass_output
def manifests(
    output: Output,
    target: str,
    model: str,
    image: str,
    canary_image: str,
    canary_weight: int | None,
    folder: Path,
) -> None:
    """Write the files with which another system runs a model version.

    TARGET is kubernetes, compose, or another that is installed; MODEL is NAME, NAME/VERSION or
    NAME@STAGE. The image is built from what labline export -o writes.

    Example: labline manifests kubernetes penguins@prod --image registry.example/penguins:3
    """
    from labline.lab import Lab

    written = Lab.from_().serving.manifests(
        target, model, image, folder, canary_image=canary_image, canary_weight=canary_weight or 0
    )
    paths = [str(path) for path in written]
    output.emit({"target": target, "files": paths}, lambda: _show(target, model, folder, paths))


def _show(target: str, model: str, folder: Path, paths: list[str]) -> None:
    for path in paths:
        click.echo(path)
    steps = {
        "kubernetes": (f"kubectl apply --dry-run=server -k {folder}/overlays/STAGE",),
        "compose": (
            f"labline export {model} -o {folder}/bento",
            f"docker compose -f {folder}/compose.yaml up --build --wait",
        ),
    }
    for step in steps.get(target, ()):
        click.echo(f"  next: {step}")


@click.command()
@click.argument("model")
@click.option("--name", default="", help="Name of the deployment; the model's unless given.")
@click.option("--cluster", default=None, help="Cluster of BentoCloud.")
@click.option("--min", "least", type=click.IntRange(min=0), default=None, help="Fewest instances.")
@click.option("--max", "most", type=click.IntRange(min=1), default=None, help="Most instances.")
@click.option("--instance-type", default=None, help="Kind of machine, as BentoCloud names it.")
@json_option
@pass_output
def cloud(
    output: Output,
    model: str,
    name: str,
    cluster: str | None,
    least: int | None,
    most: int | None,
    instance_type: str | None,
) -> None:
    """Have BentoCloud serve a model version, by BentoML's own API.

    MODEL is NAME, NAME/VERSION or NAME@STAGE. Sign in first: bentoml cloud login, or
    BENTO_CLOUD_API_KEY. A deployment of that name is updated.

    Example: labline cloud penguins@prod --min 1 --max 3
    """
    from labline.lab import Lab
    from labline.serving.cloud import CloudPlan
    from labline.serving.targets.target import dns_label

    lab = Lab.from_()
    called = name or dns_label(lab.version(model).name)
    plan = CloudPlan(called, cluster, least, most, instance_type)
    done = lab.serving.to_cloud(model, plan)
    where = ", ".join(done.urls) or "BentoCloud tells the URL once it is up"
    output.emit(to_dict(done), lambda: click.echo(f"{done.model} is {done.name} now: {where}"))
