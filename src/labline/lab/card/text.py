"""A card as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from labline.lab.card.document import Block, Document, Open, Table, Text


def to_markdown(document: Document) -> str:
    """Return the document as Markdown; what came from outside is taken literally."""
    lines = [f"# {_plain(document.title)}", "", _plain(document.subtitle), ""]
    for part in document.parts:
        lines += [f"## {_plain(part.title)}", ""]
        for block in part.blocks:
            lines += [*_block(block), ""]
    return "\n".join(lines).rstrip() + "\n"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        yield from (_plain(line) for line in block.text.strip().splitlines())
    elif isinstance(block, Open):
        asks = _plain(block.asks)
        yield f"> **Open: `{block.field}`** ({asks}). To be filled in `{_code(block.file)}`."
    else:
        yield from _table(block)


def _table(block: Table) -> Iterator[str]:
    yield f"| {' | '.join(map(_cell, block.columns))} |"
    yield f"|{'---|' * len(block.columns)}"
    for row in block.rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(text: str) -> str:
    return _plain(" ".join(text.split())) or " "


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is: neither HTML nor a link nor a table's border."""
    return re.sub(r"([\\`*_\[\]<>|#~])", r"\\\1", text)


def _code(text: str) -> str:
    return text.replace("`", "'")
