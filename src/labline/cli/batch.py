"""``labline batch``: score files of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from labline.cli import render
from labline.cli.app import Output, json_option, pass_output
from labline.records import to_dict

if TYPE_CHECKING:
    from labline.batch import Scored


@click.command()
@click.argument("model")
@click.argument("input")
@click.argument("folder", metavar="OUTPUT")
@click.option(
    "--keep",
    multiple=True,
    metavar="NAMES",
    help="Columns of the input to keep: id,day; or all.",
)
@click.option("--overwrite", is_flag=True, help="Replace an output of a batch, or begin anew.")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    help="Processes here; as [batch] workers says, or one for each CPU, unless given.",
)
@click.option(
    "--scheduler", metavar="ADDRESS", help="Use the workers of this Dask scheduler instead."
)
@json_option
@pass_output
def batch(
    output: Output,
    model: str,
    input: str,
    folder: str,
    keep: tuple[str, ...],
    overwrite: bool,
    workers: int | None,
    scheduler: str | None,
) -> None:
    """Score the rows of files with a model version.

    MODEL is NAME, NAME/VERSION or NAME@STAGE. INPUT is a Parquet or CSV file, a folder of them or
    a URL that pyarrow opens. OUTPUT becomes a folder of Parquet files, whole or not at all; the
    same command goes on where one that was interrupted stopped.

    Exit codes: 0 scored; 1 the model raised, or OUTPUT is there already; 2 INPUT does not fit the
    model, or OUTPUT cannot be made; 3 MLflow, the database, a store or the scheduler is away.

    Example: labline batch penguins@prod birds.parquet scores --keep id
    """
    from labline.batch import Order
    from labline.lab import Lab

    if workers and scheduler:
        raise click.UsageError("Give --workers or --scheduler: one is here, one is elsewhere.")
    names = tuple(name for each in keep for name in each.split(",") if name)
    order = Order(input, folder, names, overwrite, workers, scheduler)
    with _bar(not output.as_json) as progress:
        scored = Lab.from_().batch.score(model, order, progress=progress)
    output.emit(to_dict(scored), lambda: _show(scored, folder))


def _show(scored: Scored, folder: str) -> None:
    click.secho(f"{scored.rows:,} rows scored with {scored.model}", fg="green", bold=True)
    files = "1 file" if scored.parts == 1 else f"{scored.parts} files"
    click.echo(f"  {folder}: {files}, {scored.columns}")
    if scored.resumed:
        click.echo(f"  {scored.resumed:,} of them had been scored before")
    fresh = scored.rows - scored.resumed
    pace = f", {fresh / scored.seconds:,.0f} rows/s" if scored.seconds > 1 and fresh else ""
    click.echo(f"  took {render.duration(scored.seconds)}{pace}")
    name = scored.model.partition("/")[0]
    click.echo(f"  next: pandas.read_parquet({str(folder)!r}), labline ledger log --model {name}")


@contextmanager
def _bar(shown: bool) -> Iterator[Callable[[Mapping[str, Any]], None] | None]:
    """Show how many pieces are scored; yield the listener that moves the bar."""
    if not shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("scoring"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("pieces  {task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True)
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        tasks: list[TaskID] = []

        def move(told: Mapping[str, Any]) -> None:
            if not tasks:
                tasks.append(progress.add_task("", rows=0))
            progress.update(
                tasks[0], completed=told["done"], total=told["total"], rows=told["rows"]
            )

        yield move
