"""``labline ledger``: read, export and verify it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labline.cli import render
from labline.cli.app import Group, Output, json_option, pass_output
from labline.cli.options import limit_option
from labline.records import to_dict

if TYPE_CHECKING:
    from labline.lab.standing import Standing
    from labline.ledger import Audit


@click.group(cls=Group)
def ledger() -> None:
    """Read and verify the ledger."""


@ledger.command("log")
@click.option("--model", help="Only entries of this model.")
@click.option("--by", "actor", help="Only entries of this person.")
@limit_option
@json_option
@pass_output
def log(output: Output, model: str | None, actor: str | None, limit: int) -> None:
    """List entries, newest first.

    Example: labline ledger log --model penguins --by ada
    """
    from labline.lab import Lab

    entries = Lab.from_().ledger.entries(model=model, actor=actor, limit=limit)
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
@click.argument(
    "export", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--anchor",
    default="",
    metavar="NUMBER:HASH",
    help="What an earlier verify printed; finds entries that were cut off since.",
)
@json_option
@pass_output
def verify(output: Output, export: Path | None, anchor: str) -> None:
    """Check the hash chain and the signatures; exit 1 and name the first entry that does not fit.

    Of the ledger, or of EXPORT, a file that labline ledger export wrote. Keep the anchor that it
    prints where the database is not, such as in git: whoever can write to the database can cut
    off the chain's end, and only an anchor tells.

    Example: labline ledger verify --anchor 12:9f86d081884c7d65
    """
    from labline.lab import Lab

    found = Lab.from_().ledger
    if export:
        with export.open(encoding="utf-8") as lines:
            audit = found.audit_export(lines, anchor)
    else:
        audit = found.audit(anchor)
    data = {**to_dict(audit), "anchor": audit.anchor, "verified": True}
    output.emit(data, lambda: _audited(audit))


def _audited(audit: Audit) -> None:
    click.secho(f"{audit.entries} entries, the chain is whole.", fg="green")
    for name, count in audit.signed.items():
        click.echo(f"  {count} signed by {name}")
    if unsigned := audit.entries - sum(audit.signed.values()):
        click.echo(f"  {unsigned} not signed")
    if audit.entries:
        click.echo(f"  anchor: {audit.anchor}")


@ledger.command("keygen")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--name", help="What the signer is called; you, unless given.")
@json_option
@pass_output
def keygen(output: Output, file: Path, name: str | None) -> None:
    """Make a key that signs the ledger, and print what to set.

    FILE gets the private key (PEM, Ed25519). Only workers need it; whoever verifies needs the
    public key alone, which belongs into labline.toml and so into git.

    Example: labline ledger keygen ~/.config/labline/ledger.key
    """
    from labline.lab import Lab

    lab = Lab.from_()
    public, start = lab.governance.make_key(file)
    signer = name or lab.whoami()
    text = (
        f'[ledger]\nkey = "file:{file}"   # or "env:NAME", with the file\'s content\n'
        f"signed_from = {start}\n\n[ledger.signers]\n{json.dumps(signer)} = {json.dumps(public)}"
    )
    output.emit(
        {"file": str(file), "public": public, "signed_from": start},
        lambda: click.echo(f"{file} holds the private key. Add to labline.toml:\n\n{text}"),
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

    found = Lab.from_().governance.standings(at)
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

    An entry's hash is the SHA-256 of the entry without hash, signer and signature, as JSON with
    sorted keys and no blanks, its payload as text: JSON with sorted keys and Python's default
    separators. labline ledger verify FILE checks such a file.

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
