"""``labline policy``: is the file right, what does it ask, and its JSON Schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from labline.cli import render
from labline.cli.app import Group, Output, json_option, pass_output
from labline.records import to_dict

if TYPE_CHECKING:
    from labline.lab.policy import Checked, Explained


@click.group(cls=Group)
def policy() -> None:
    """Check labline.toml, and say in words what it asks of a model."""


@policy.command("check")
@click.argument(
    "file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@json_option
@pass_output
def check(output: Output, file: Path | None) -> None:
    """Name everything that is wrong with FILE (default: the project's labline.toml).

    Each with its line and what would mend it: unknown keys, values of the wrong type, stages in a
    circle, gates that are not installed or lack their settings. Exit 2 where anything is.

    Example: labline policy check
    """
    from labline.lab import policy as desk

    found = desk.check(file)
    output.emit({**to_dict(found), "ok": found.ok}, lambda: _checked(found))
    if not found.ok:
        click.get_current_context().exit(2)


def _checked(found: Checked) -> None:
    for fault in found.faults:
        click.secho(fault.told(Path(found.path)), fg="red")
    for note in found.notes:
        click.secho(note.told(Path(found.path)), fg="yellow")
    if found.ok:
        click.secho(f"{found.path} can be used.", fg="green")
    else:
        count = len(found.faults)
        click.echo(f"{count} {'fault' if count == 1 else 'faults'} in {found.path}.")


@policy.command("explain")
@click.argument("model", required=False)
@click.option("--stage", help="Only this stage.")
@json_option
@pass_output
def explain(output: Output, model: str | None, stage: str | None) -> None:
    """Say in words what a model would have to show at each stage.

    With MODEL (NAME, NAME/VERSION or NAME@STAGE) also what holds each stage now.

    Example: labline policy explain penguins --stage prod
    """
    from labline.lab import Lab

    found = Lab.from_().promotions.policy.explain(model, stage=stage)
    output.emit([to_dict(item) for item in found], lambda: _explained(found, model))


def _explained(found: list[Explained], model: str | None) -> None:
    out = render.console()
    for item in found:
        out.print(f"[bold]{escape(item.stage)}[/bold]" + (f"  {_holder(item)}" if model else ""))
        rows = [(demand.by, ";\n".join(demand.words)) for demand in item.demands]
        render.table("", ("  asked by", "what it must show"), [(f"  {by}", words) for by, words in
                     rows], "  nothing: every model may hold it")  # fmt: skip


def _holder(item: Explained) -> str:
    if item.champion is None:
        return "[dim]nothing holds it yet[/dim]"
    known = ", ".join(f"{name} {value:.6g}" for name, value in (item.metrics or {}).items())
    which = "already held by" if item.held else "held by"
    return f"[dim]{which} {escape(item.champion)}{f' ({known})' if known else ''}[/dim]"


@policy.command("schema")
@click.option(
    "-o",
    "--output",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write it to this file.",
)
@json_option
@pass_output
def schema(output: Output, file: Path | None) -> None:
    """Print the JSON Schema of labline.toml, for editors.

    An editor that knows Taplo's directive (VS Code with Even Better TOML, Zed, Helix, PyCharm
    by its settings) completes and checks labline.toml with this first line:
    #:schema ./labline.schema.json

    Example: labline policy schema -o labline.schema.json
    """
    from labline.lab import policy as desk

    made = desk.schema()
    text = json.dumps(made, indent=2) + "\n"
    if file is None:
        click.echo(text, nl=False)
        return
    file.write_text(text, encoding="utf-8")
    output.emit(
        {"path": str(file)},
        lambda: click.echo(
            f"{file} written.\n  next: put #:schema ./{file.name} first in labline.toml"
        ),
    )
