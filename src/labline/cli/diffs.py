"""A diff on a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text as Words

from labline.cli import render
from labline.promotion.diff import Code, Diff, Figure, Point, Section, Table, Text

_STYLES = {
    "passed": "green", "failed": "bold red", "needs approval": "yellow", "good": "green",
    "bold": "bold", "bad": "red", "open": "yellow", "added": "green", "removed": "red",
    "changed": "yellow",
}  # fmt: skip
_SIGNS = {
    "passed": "✔ ", "failed": "✘ ", "needs approval": "… ", "good": "✔ ", "bad": "✘ ",
    "open": "… ", "added": "+ ", "removed": "- ",
}  # fmt: skip
_BAR = 40


def show(diff: Diff) -> None:
    """Print a diff."""
    out = render.console()
    out.print(Words(diff.title, "bold"))
    out.print(_marked(diff.headline, diff.outcome))
    for section in diff.sections:
        out.print(_title(section))
        body = [part for block in section.blocks for part in _block(block)]
        out.print(Padding(Group(*body), (0, 0, 0, 2)))


def _title(section: Section) -> Words:
    title = Words.assemble("\n", _marked(section.title, section.outcome, "bold"))
    return title.append(f"  {section.summary}", "dim") if section.summary else title


def _marked(text: str, mark: str, otherwise: str = "") -> Words:
    return Words(_SIGNS.get(mark, "") + text if text else "", _STYLES.get(mark, otherwise))


def _block(block: Text | Table | Code | Figure) -> Iterator[RenderableType]:
    if isinstance(block, Text):
        yield _marked(block.text, block.mark)
        yield from [Words(f"fix: {block.fix}", "dim")] if block.fix else []
    elif isinstance(block, Table):
        yield _table(block)
    elif isinstance(block, Code):
        yield Words(block.title, "dim")
        for line in block.lines:
            yield Words(f"  {line}", {"+": "green", "-": "red"}.get(line[:1], ""))
    else:
        yield _figure(block)


def _table(table: Table) -> Grid:
    grid = Grid(
        title=table.caption or None, title_justify="left", title_style="dim", box=None,
        header_style="bold dim", padding=(0, 2, 0, 0),
    )  # fmt: skip
    for place, name in enumerate(table.columns):
        right = place in table.numeric
        grid.add_column(name, justify="right" if right else "left", overflow="fold", no_wrap=right)
    for row in table.rows:
        grid.add_row(*(_marked(cell.text, cell.mark) for cell in row))
    return grid


def _figure(figure: Figure) -> Grid:
    """Draw intervals with characters: ├──●──┤."""
    grid = Grid(title=figure.title, title_justify="left", title_style="dim", box=None,
                show_header=False, padding=(0, 2, 0, 0))  # fmt: skip
    points = [point for row in figure.rows for point in row.marks]
    ends = [end for point in points for end in (point.value, point.low, point.high)
            if end is not None]  # fmt: skip
    low, high = min(ends), max(ends)
    for row in figure.rows:
        for place, point in enumerate(row.marks):
            style = "bold" if point.name == "candidate" else "dim"
            bar = Words(_bar(point, low, high), style)
            grid.add_row("" if place else row.label, Words(point.name, style), bar)
    grid.add_row("", "", Words(f"{low:<{_BAR // 2}.4g}{high:>{_BAR // 2}.4g}", "dim"))
    return grid


def _bar(point: Point, low: float, high: float) -> str:
    def at(value: float) -> int:
        return round((value - low) / ((high - low) or 1) * (_BAR - 1))

    line = [" "] * _BAR
    if point.low is not None and point.high is not None:
        first, last = at(point.low), at(point.high)
        line[first : last + 1] = "─" * (last - first + 1)
        line[first], line[last] = "├", "┤"
    line[at(point.value)] = "●"
    return "".join(line)
