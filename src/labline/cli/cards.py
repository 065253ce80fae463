"""``labline card``: model cards and technical documentation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labline.cli.app import Output, json_option, pass_output
from labline.records import to_dict

if TYPE_CHECKING:
    from labline.lab.card import Document


@click.command()
@click.argument("model")
@click.option("--technical", is_flag=True, help="The technical documentation by Annex IV.")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["markdown", "html"]),
    default="markdown",
    show_default=True,
    help="How it is written.",
)
@click.option(
    "-o", "--output", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write here."
)
@click.option("--init", is_flag=True, help="Write cards/MODEL.toml, to be filled by a person.")
@json_option
@pass_output
def card(
    output: Output, model: str, technical: bool, kind: str, file: Path | None, init: bool
) -> None:
    """Write the card of a model version from what was recorded.

    MODEL is NAME, NAME/VERSION or NAME@STAGE; with --init, NAME. What only a person can say is
    read from cards/NAME.toml, and marked as open while it is not there. --technical has the
    headings of Annex IV of the EU AI Act.

    Example: labline card penguins@prod --format html -o card.html
    """
    from labline.lab import Lab

    desk = Lab.from_().cards
    if init:
        path = desk.start(model)
        output.emit({"file": str(path)}, lambda: click.echo(f"{path}: fill it in, and commit it."))
        return
    document = desk.write(model, technical=technical)
    text = _text(document, kind)
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    asked = [item.field for item in document.open]
    data = {**to_dict(document), "open": asked, "file": str(file) if file else None}
    output.emit(data, lambda: _show(text, file, asked))


def _text(document: Document, kind: str) -> str:
    from labline.lab.card import to_html, to_markdown

    return to_html(document) if kind == "html" else to_markdown(document)


def _show(text: str, file: Path | None, asked: list[str]) -> None:
    if file is None:
        click.echo(text, nl=False)
        return
    click.secho(str(file), fg="green")
    if asked:
        click.echo(f"  open, for a person to say: {', '.join(asked)}")
