"""``labline ci``: CI files."""

from __future__ import annotations

from pathlib import Path

import click

from labline.cli.app import Output, json_option, pass_output
from labline.cli.options import Valued, values_option
from labline.records import to_dict


@click.command(cls=Valued)
@click.argument("system", type=click.Choice(["github", "gitlab"]))
@click.argument("notebooks", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@values_option
@click.option("--promote", "candidate", help="What to promote on merge: best:METRIC, MODEL ...")
@click.option("--to", "stage", help="Stage that it shall hold.")
@click.option("--model", help="Name to register a run under; the project's unless given.")
@click.option("--branch", default="main", show_default=True, help="Branch that is promoted.")
@click.option("--print", "show", is_flag=True, help="Print the file; write nothing.")
@click.option("--replace", is_flag=True, help="Write over a file that is there.")
@json_option
@pass_output
def ci(  # noqa: PLR0913, PLR0917 - one a click option
    output: Output,
    system: str,
    notebooks: tuple[Path, ...],
    values: tuple[tuple[str, str], ...],
    candidate: str | None,
    stage: str | None,
    model: str | None,
    branch: str,
    show: bool,
    replace: bool,
) -> None:
    """Write a CI file that does headless what you do here.

    Each of NOTEBOOKS is run, with the parameters given. With --promote and --to, pull requests
    are judged and get the promotion diff as a comment (--dry-run: nothing changes), and a merge
    promotes. Both need the team's MLflow and database: the secrets MLFLOW_TRACKING_URI and
    LABLINE_DATABASE_URL.

    Example: labline ci github notebooks/train.ipynb -p alpha 0.5 --promote best:r2 --to staging
    """
    from labline.lab import Lab
    from labline.lab.pipeline import Line

    if bool(candidate) != bool(stage):
        raise click.UsageError("--promote and --to belong together.")
    promotion = Line(candidate, stage, model) if candidate and stage else None
    desk = Lab.from_().pipelines
    chosen = [(path, dict(values)) for path in notebooks]
    written = desk.write(system, chosen, promotion=promotion, branch=branch)
    if show:
        output.emit(to_dict(written), lambda: click.echo(written.text, nl=False))
        return
    path = desk.save(written, replace=replace)
    output.emit(to_dict(written), lambda: click.secho(f"{path}: commit it.", fg="green"))
