"""``labline monitor`` and ``labline drift``: how a model does after go-live."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labline.cli import render
from labline.cli.app import Output, json_option, pass_output
from labline.cli.options import last_option
from labline.errors import BadInput, Refused
from labline.records import to_dict

if TYPE_CHECKING:
    import pandas as pd

    from labline.monitoring.report import ColumnDrift, DriftReport

_SHOWN = 20
#: what a terminal has no room for: columns, columns beyond so many, words beyond so many letters
_LEFT_OUT = ("release", "milliseconds", "model")
_WIDE = 9
_LONG = 18
_TONES = {"drifted": "red", "stable": "green", "not judged": "yellow"}


@click.group()
def monitor() -> None:
    """See what endpoints were asked, and what they answered."""


@monitor.command("rows")
@click.argument("endpoint")
@last_option
@click.option("--model", metavar="MODEL/VERSION", help="Only what this version answered.")
@click.option("--drifted", is_flag=True, help="Only rows that speak for the drift, most first.")
@click.option("--limit", default=10_000, show_default=True, help="Rows at most: the newest.")
@click.option(
    "--output",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write them to this file: .parquet, .csv or .ndjson.",
)
@json_option
@pass_output
def rows(
    output: Output,
    endpoint: str,
    last: float | None,
    model: str | None,
    drifted: bool,
    limit: int,
    path: Path | None,
) -> None:
    """List what an endpoint was asked and what it answered.

    Example: labline monitor rows penguins --last 7d --output rows.parquet
    """
    from labline.lab import Lab

    desk = Lab.from_().monitor
    found = desk.rows(endpoint, last=last, limit=limit, model=model, drifted=drifted)
    if path:
        _write(found.frame, path)

    def human() -> None:
        count = f"{len(found.frame)} rows of {found.requests} requests"
        if path:
            click.echo(f"{count} are in {path}.")
        else:
            _show(found.frame, count)
        if found.says:
            click.secho(found.says, dim=True)

    records = found.frame.to_json(orient="records", date_format="iso")
    output.emit({"requests": found.requests, "says": found.says, "rows": _parsed(records)}, human)


def _parsed(text: str) -> object:
    import json

    return json.loads(text)


def _write(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    elif path.suffix == ".csv":
        frame.to_csv(path, index=False)
    elif path.suffix in (".ndjson", ".jsonl"):
        frame.to_json(path, orient="records", lines=True, date_format="iso")
    else:
        raise BadInput(
            f"{path.name} names no form that rows can be written in.",
            fix="End it with .parquet, .csv or .ndjson.",
        )


def _show(frame: pd.DataFrame, count: str) -> None:
    shown = frame.tail(_SHOWN) if "drift" not in frame else frame.head(_SHOWN)
    names = [name for name in map(str, shown.columns) if name not in _LEFT_OUT]
    lines = [[_cell(value) for value in row] for row in shown[names].to_numpy().tolist()]
    title = f"{len(shown)} of {count}" if len(shown) < len(frame) else count
    more = len(names) - _WIDE
    heads = [*names[:_WIDE], f"and {more} more"] if more > 0 else names
    render.table(title, heads, (line[:_WIDE] for line in lines), "No rows.")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if hasattr(value, "strftime"):
        return str(value.strftime("%m-%d %H:%M:%S"))
    text = str(value)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


@click.command()
@click.argument("endpoint")
@last_option
@click.option("--check", is_flag=True, help="Exit with 1 if it drifted.")
@json_option
@pass_output
def drift(output: Output, endpoint: str, last: float | None, check: bool) -> None:
    """Hold what an endpoint was asked against what its model was fitted on.

    Example: labline drift penguins --last 7d
    """
    from labline.lab import Lab

    found = Lab.from_().monitor.drift(endpoint, last=last)
    output.emit(to_dict(found), lambda: show_drift(found))
    if check and found.outcome == "drifted":
        raise Refused(f"{endpoint} drifted.", fix=found.fix)


def show_drift(found: DriftReport) -> None:
    """Print a report."""
    click.secho(f"{found.endpoint}  {found.model}  ", bold=True, nl=False)
    click.secho(str(found.outcome), fg=_TONES[found.outcome])
    click.echo(f"  {found.says}")
    if found.fix:
        click.secho(f"  {found.fix}", dim=True)
    if found.columns:
        columns = ("column", "", found.test, "limit", "where it moved most")
        render.table("", columns, map(_line, found.columns), "")


def _line(column: ColumnDrift) -> tuple[str, ...]:
    name = column.column if column.of == "input" else f"({column.of})"
    if column.value is None or column.limit is None:
        return name, str(column.outcome), "-", "-", column.says.partition(": ")[2]
    most = max(column.bins, key=lambda bin: abs(bin.window - bin.reference))
    moved = f"{most.name}: {100 * most.reference:.3g} % -> {100 * most.window:.3g} %"
    return name, str(column.outcome), f"{column.value:.3g}", f"{column.limit:.3g}", moved
