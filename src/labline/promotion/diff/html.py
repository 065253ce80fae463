"""A diff as HTML for a notebook: escaped, in the theme's own colours, styled in place.

JupyterLab takes ``<style>`` out of what it does not trust; attributes stay.
"""

from __future__ import annotations

from collections.abc import Iterator

from labline.cards import escape
from labline.cards.look import BAD, CELL, CODE, FRAME, GOOD, HEAD, LINE, ROW, TABLE, WAITS
from labline.promotion.diff.document import (
    Block,
    Cell,
    Code,
    Diff,
    Figure,
    Mark,
    Outcome,
    Section,
    Table,
    Text,
)
from labline.promotion.diff.figure import draw

_TONES: dict[Outcome | Mark, str] = {
    "passed": GOOD,
    "failed": BAD,
    "needs approval": WAITS,
    "good": GOOD,
    "bad": BAD,
    "open": WAITS,
    "added": GOOD,
    "removed": BAD,
    "changed": WAITS,
}
_SIGNS: dict[Outcome | Mark, str] = {
    "passed": "✔",
    "failed": "✘",
    "needs approval": "…",
    "good": "✔ ",
    "bad": "✘ ",
    "open": "… ",
    "added": "+ ",
    "removed": "− ",
}


def render(diff: Diff) -> str:
    """Return the diff as one ``<div>``."""
    tone = _TONES.get(diff.outcome, "currentColor")
    head = (
        f'<div style="font-size:1.2em;font-weight:600">{escape(diff.title)}</div>'
        f'<div style="color:{tone};font-weight:600;margin:2px 0 8px">'
        f"{_sign(diff.outcome)}{escape(diff.headline)}</div>"
    )
    body = "".join(map(_section, diff.sections))
    return f'<div class="labline-diff" style="{FRAME}">{head}{body}</div>'


def _sign(outcome: Outcome | Mark) -> str:
    found = _SIGNS.get(outcome, "")
    return f"{found} " if found and not found.endswith(" ") else found


def _section(section: Section) -> str:
    opened = " open" if section.id in ("gates", "metrics") or section.outcome == "failed" else ""
    tone = _TONES.get(section.outcome, "inherit")
    told = (
        f'<span style="font-weight:400;opacity:.75"> &nbsp;{escape(section.summary)}</span>'
        if section.summary
        else ""
    )
    body = "".join(part for block in section.blocks for part in _block(block))
    return (
        f'<details{opened} style="border-top:1px solid {LINE};padding:6px 0">'
        f'<summary style="cursor:pointer;font-weight:600"><span style="color:{tone}">'
        f"{_sign(section.outcome)}</span>{escape(section.title)}{told}</summary>"
        f'<div style="padding:4px 0 4px 16px;overflow-x:auto">{body}</div></details>'
    )


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Text):
        yield _text(block)
    elif isinstance(block, Table):
        yield _table(block)
    elif isinstance(block, Code):
        yield _code(block)
    elif isinstance(block, Figure):
        yield f'<div style="margin:8px 0">{draw(block)}</div>'


def _text(block: Text) -> str:
    tone = _TONES.get(block.mark, "inherit")
    fix = f'<div style="opacity:.8">Fix: {escape(block.fix)}</div>' if block.fix else ""
    return f'<div style="margin:4px 0;color:{tone}">{escape(block.text)}</div>{fix}'


def _table(table: Table) -> str:
    caption = f'<div style="opacity:.75;margin-top:6px">{escape(table.caption)}</div>'
    head = "".join(
        f'<th style="{HEAD};{_aligned(place, table)}">{escape(name)}</th>'
        for place, name in enumerate(table.columns)
    )
    rows = "".join(
        f'<tr style="{ROW}">{"".join(_cell(c, n, table) for n, c in enumerate(row))}</tr>'
        for row in table.rows
    )
    return (
        f"{caption if table.caption else ''}"
        f'<table style="{TABLE}">'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


def _cell(cell: Cell, place: int, table: Table) -> str:
    tone = f"color:{_TONES[cell.mark]};white-space:nowrap" if cell.mark else ""
    text = _SIGNS.get(cell.mark, "") + escape(cell.text) if cell.text else ""
    return f'<td style="{CELL};{_aligned(place, table)};{tone}">{text}</td>'


def _aligned(place: int, table: Table) -> str:
    if place in table.numeric:
        return "text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap"
    return "text-align:left"


def _code(block: Code) -> str:
    lines = "".join(map(_line, block.lines))
    return (
        f'<div style="margin-top:6px;opacity:.85">{escape(block.title)}</div>'
        f'<pre style="{CODE}">{lines}</pre>'
    )


def _line(line: str) -> str:
    tone = {"+": GOOD, "-": BAD}.get(line[:1])
    text = escape(line)
    return f'<span style="color:{tone}">{text}</span>\n' if tone else f"{text}\n"
