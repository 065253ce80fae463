"""``labline monitor``, ``labline drift`` and ``labline labels``: how a model does after go-live."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labline.cli import render
from labline.cli.app import Group, Output, json_option, pass_output, stage_line
from labline.cli.options import last_option, limit_option
from labline.errors import BadInput, Refused
from labline.records import to_dict

if TYPE_CHECKING:
    import pandas as pd

    from labline.monitoring.look import Look
    from labline.monitoring.realised import Realised, RealisedReport
    from labline.monitoring.report import ColumnDrift, DriftReport

_SHOWN = 20
#: what a terminal has no room for: columns, columns beyond so many, words beyond so many letters
_LEFT_OUT = ("release", "milliseconds", "model")
_WIDE = 9
_LONG = 19
_TONES = {
    "drifted": "red",
    "dropped": "red",
    "stable": "green",
    "held": "green",
    "not judged": "yellow",
}


@click.group(cls=Group)
def monitor() -> None:
    """See what endpoints were asked and answered, and look whether all is well."""


@monitor.command("check")
@click.argument("endpoint")
@json_option
@pass_output
def check(output: Output, endpoint: str) -> None:
    """Have a worker look at an endpoint now, as it does by [monitor] every.

    What has changed is kept in the ledger and told by [notify]. Exits with 1 where something is
    wrong.

    Example: labline monitor check penguins
    """
    from labline.lab import Lab

    found = Lab.from_().monitor.check(endpoint, progress=stage_line())
    output.emit(to_dict(found), lambda: _show_look(found))
    if found.alarms:
        raise Refused(f"{endpoint}: {found.state}.", fix=found.fix)


def _show_look(found: Look) -> None:
    show_drift(found.drift)
    if found.realised.labels:
        show_realised(found.realised)


@monitor.command("list")
@click.argument("endpoint", required=False)
@limit_option
@json_option
@pass_output
def list_looks(output: Output, endpoint: str | None, limit: int) -> None:
    """List what looks found, by the clock and by hand, the newest first.

    Example: labline monitor list penguins
    """
    from labline.lab import Lab

    lab = Lab.from_()
    found = lab.monitor.looks(endpoint or lab.monitor.only(), limit=limit)
    rows = [(render.ago(each.at), each.by, each.model, each.state, each.says) for each in found]
    empty = "No look yet. Set every under [monitor], and see that labline is up."
    if lab.settings.monitor.every:
        empty = "No look yet. See that labline is up: labline status"
    output.emit(
        [to_dict(each) for each in found],
        lambda: render.table("", ("when", "by", "model", "state", ""), rows, empty),
    )


@monitor.command("rows")
@click.argument("endpoint")
@last_option
@click.option("--model", metavar="MODEL/VERSION", help="Only what this version answered.")
@click.option("--drifted", is_flag=True, help="Only rows that speak for the drift, most first.")
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=10_000,
    show_default=True,
    help="Rows at most: the newest.",
)
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
    import pandas as pd

    if value is None or value is pd.NaT or value is pd.NA or value != value:  # noqa: PLR0124 - NaN
        return "-"
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


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option("--endpoint", help="The project's only one unless given.")
@click.option("--on", default="request_id", show_default=True, help="Column of the request ids.")
@click.option("--label", metavar="COLUMN", help="What is true; the only other column unless given.")
@click.option(
    "--row",
    metavar="COLUMN",
    help="Place of the row in its request, from 0; by the order of the lines unless given.",
)
@json_option
@pass_output
def labels(
    output: Output,
    file: Path | None,
    endpoint: str | None,
    on: str,
    label: str | None,
    row: str | None,
) -> None:
    """Tell what turned out to be true, and see what the model's metrics have become.

    FILE is a table (.csv, .parquet, .json, .ndjson). Without it, what is known so far is shown.

    Example: labline labels outcomes.csv --on request_id
    """
    from labline.lab import Lab
    from labline.monitoring import labels as late

    desk = Lab.from_().monitor
    name = endpoint or desk.only()
    if file is None:
        found = desk.realised(name)
    else:
        told = late.from_table(late.read_file(file), on, label=label, row=row)
        found = desk.label(name, told)
    output.emit(to_dict(found), lambda: show_realised(found))


def show_realised(found: RealisedReport) -> None:
    """Print what labels say."""
    click.secho(f"{found.endpoint}  {found.model}  ", bold=True, nl=False)
    click.secho(str(found.outcome), fg=_TONES[found.outcome])
    click.echo(f"  {found.says}")
    for remark in (found.fix, *found.remarks):
        if remark:
            click.secho(f"  {remark}", dim=True)
    rows = [
        (each.metric, str(each.outcome), render.number(each.logged), *_interval(each))
        for each in found.metrics
    ]
    if rows:
        columns = ("metric", "", "in the run", "by labels", "95 % interval")
        render.table("", columns, rows, "")


def _interval(found: Realised) -> tuple[str, str]:
    value = "-" if found.value is None else render.number(found.value)
    if found.low is None or found.high is None:
        return value, "-"
    return value, f"{render.number(found.low)} to {render.number(found.high)}"


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
    most = column.furthest
    moved = (
        f"{most.name}: {100 * most.reference:.3g} % -> {100 * most.window:.3g} %" if most else ""
    )
    return name, str(column.outcome), f"{column.value:.3g}", f"{column.limit:.3g}", moved
