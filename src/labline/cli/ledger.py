"""``labline ledger``: read, export and verify it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labline.cli import render
from labline.cli.app import Output, json_option, pass_output
from labline.records import to_dict

if TYPE_CHECKING:
    from labline.lab.standing import Standing


@click.group()
def ledger() -> None:
    """Read and verify the ledger."""


@ledger.command("log")
@click.option("--model", help="Only entries of this model.")
@click.option("-n", "--limit", default=20, show_default=True, help="How many at most.")
@json_option
@pass_output
def log(output: Output, model: str | None, limit: int) -> None:
    """List entries, newest first.

    Example: labline ledger log --model penguins
    """
    from labline.lab import Lab

    entries = Lab.from_().ledger.entries(model=model, limit=limit)
    rows = [
        (e.number, render.ago(e.at), e.actor, e.action, e.subject, e.hash[:12]) for e in entries
    ]
    output.emit(
        [to_dict(entry) for entry in entries],
        lambda: render.table(
            "", ("#", "when", "who", "did", "what", "hash"), rows, "The ledger is empty."
        ),
    )


@ledger.command("verify")
@json_option
@pass_output
def verify(output: Output) -> None:
    """Check the hash chain; exit 1 and name the first entry that does not fit.

    Example: labline ledger verify
    """
    from labline.lab import Lab

    count = Lab.from_().ledger.verify()
    output.emit(
        {"entries": count, "verified": True},
        lambda: click.secho(f"{count} entries, the chain is whole.", fg="green"),
    )


@ledger.command("show")
@click.option(
    "--at", metavar="TIME", help="2026-03-03 (its end) or 2026-03-03T14:30; now if not given."
)
@json_option
@pass_output
def show(output: Output, at: str | None) -> None:
    """Show what held each stage and what each endpoint served.

    On whose word, and on which evidence; now, or at a time in the past.

    Example: labline ledger show --at 2026-03-03
    """
    from labline.lab import Lab

    found = Lab.from_().standings(at)
    output.emit([to_dict(item) for item in found], lambda: _standings(found))


def _standings(found: list[Standing]) -> None:
    columns = ("", "name", "version", "since", "by", "approved by", "evidence", "#")
    rows = [
        (
            item.kind,
            item.name,
            item.version,
            render.moment(item.since),
            item.actor,
            "; ".join(item.approved),
            "\n".join(f"{gate}: {reason}" for gate, reason in item.evidence.items()),
            item.entry,
        )
        for item in found
    ]
    render.table("", columns, rows, "Nothing held a stage, and nothing was served.")


@ledger.command("export")
@click.option(
    "-o", "--output", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write here."
)
@json_option
@pass_output
def export(output: Output, file: Path | None) -> None:
    """Write every entry as JSON Lines, oldest first.

    An entry's hash is the SHA-256 of the entry without it, as JSON with sorted keys and no blanks,
    its payload as text: JSON with sorted keys and Python's default separators.

    Example: labline ledger export -o ledger.jsonl
    """
    from labline.lab import Lab

    lines = [json.dumps(to_dict(item)) for item in reversed(Lab.from_().ledger.entries())]
    if file is None:
        for line in lines:
            click.echo(line)
        return
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    output.emit(
        {"entries": len(lines), "file": str(file)},
        lambda: click.echo(f"{len(lines)} entries in {file}"),
    )
