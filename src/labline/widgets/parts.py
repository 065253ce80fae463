"""What widgets are made of: pieces that are both HTML, safe to show, and text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from labline.cards import Tone, escape, look, plain

_CELL = f"{look.CELL};max-width:32em;overflow:hidden;text-overflow:ellipsis;white-space:pre-line"
_NUMBER = "text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap"
_SIGNS: dict[Tone, str] = {"good": "✔ ", "bad": "✘ ", "open": ""}


@dataclass(frozen=True)
class Part:
    """A piece of what a widget shows."""

    html: str
    text: str

    def __bool__(self) -> bool:
        return bool(self.text)


@dataclass(frozen=True)
class Cell:
    """A cell of a table that says how something stands."""

    text: str
    tone: Tone

    def __str__(self) -> str:
        return f"{_SIGNS[self.tone]}{self.text}"


def line(text: str, tone: Tone | None = None, *, bold: bool = False) -> Part:
    """Return a sentence, in a tone or muted."""
    colour = f"color:{look.TONES[tone]}" if tone else look.MUTED
    weight = ";font-weight:600" if bold else ""
    style = f"{colour}{weight};overflow-wrap:anywhere;white-space:pre-line"
    return Part(
        f'<div dir="auto" style="{style}">{escape(text)}</div>' if text else "", plain(text)
    )


def problem(message: str, fix: str) -> Part:
    """Return what went wrong, and what to do about it."""
    box = f"border-left:3px solid {look.BAD};padding:4px 12px;margin:6px 0"
    said, advice = line(message, "bad"), line(fix)
    html = f'<div role="alert" style="{box}">{said.html}{advice.html}</div>'
    return Part(html, f"{said.text}\n{advice.text}".rstrip())


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str | Cell]],
    empty: str,
    *,
    numeric: Sequence[int] = (),
) -> Part:
    """Return rows under headings; `numeric` are the columns, from 0, that hold numbers."""
    every = list(rows)
    if not every:
        return line(empty)
    head = "".join(_head(name, place in numeric) for place, name in enumerate(columns))
    body = "".join(
        f'<tr style="{look.ROW}">'
        f"{''.join(_cell(cell, place in numeric) for place, cell in enumerate(row))}</tr>"
        for row in every
    )
    return Part(
        f'<div style="overflow-x:auto"><table style="{look.TABLE}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>",
        _aligned([list(columns), *([plain(str(cell)) for cell in row] for row in every)]),
    )


def _head(name: str, number: bool) -> str:
    style = f"{look.HEAD};{_NUMBER}" if number else look.HEAD
    return f'<th scope="col" style="{style}">{escape(name)}</th>'


def _cell(cell: str | Cell, number: bool) -> str:
    text = escape(str(cell))
    style = f"{_CELL};{_NUMBER}" if number else _CELL
    if isinstance(cell, Cell):
        style += f";color:{look.TONES[cell.tone]};white-space:nowrap"
    # A name is anybody's: it must neither widen the table nor turn the text around.
    return f'<td style="{style}" dir="auto" title="{text}">{text}</td>'


def _aligned(lines: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in lines
    )
