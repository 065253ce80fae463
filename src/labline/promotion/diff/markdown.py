"""A diff as Markdown that fits a pull-request comment."""

from __future__ import annotations

from collections.abc import Iterator

from labline.promotion.diff.document import Block, Cell, Code, Diff, Figure, Mark, Section, Table

_SIGNS = {"passed": "✅", "failed": "❌", "needs approval": "🟡", "": ""}
_MARKS: dict[Mark, str] = {"good": "✅ ", "bad": "❌ ", "open": "🟡 ", "added": "➕ ",
                           "removed": "➖ ", "changed": "", "": ""}  # fmt: skip
_FENCE = "```"
# What GitHub takes for a comment, less what a workflow may add.
LONGEST = 60_000


def render(diff: Diff) -> str:
    """Return the diff as Markdown; what is not judged is folded, code comes last to be cut."""
    head = f"## {_SIGNS[diff.outcome]} {escape(diff.title)}".replace("##  ", "## ")
    text = "\n\n".join([head, f"**{escape(diff.headline)}**", *map(_section, diff.sections)])
    if len(text) <= LONGEST:
        return text + "\n"
    kept = text[:LONGEST].rpartition("\n")[0]
    close = "\n" + _FENCE if kept.count(_FENCE) % 2 else ""
    folded = "\n</details>" * (kept.count("<details") - kept.count("</details>"))
    return f"{kept}{close}{folded}\n\n*Cut here: the whole of it is too long for a comment.*\n"


def _section(section: Section) -> str:
    title = f"{_SIGNS[section.outcome]} {escape(section.title)}".strip()
    body = "\n\n".join(part for block in section.blocks for part in _block(block))
    if section.id in ("gates", "metrics"):
        return f"### {title}\n\n{body}"
    told = f": {escape(section.summary)}" if section.summary else ""
    return f"<details><summary>{title}{told}</summary>\n\n{body}\n\n</details>"


def _block(block: Block) -> Iterator[str]:
    if isinstance(block, Table):
        yield from ([f"*{escape(block.caption)}*"] if block.caption else [])
        yield _table(block)
    elif isinstance(block, Code):
        yield f"{escape(block.title)}\n\n{_fenced(block.lines)}"
    elif isinstance(block, Figure):
        # A comment shows no inline SVG; the figure's numbers are in the tables.
        return
    else:
        yield _MARKS[block.mark] + escape(block.text)
        yield from ([f"*Fix:* {escape(block.fix)}"] if block.fix else [])


def _table(table: Table) -> str:
    rule = ["---:" if place in table.numeric else "---" for place in range(len(table.columns))]
    lines = [[escape(name) for name in table.columns], rule]
    lines += [[_cell(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(cell: Cell) -> str:
    return _MARKS[cell.mark] + escape(cell.text) if cell.text else ""


def _fenced(lines: tuple[str, ...]) -> str:
    fence = _FENCE
    while any(fence in line for line in lines):
        fence += "`"
    return "\n".join([f"{fence}diff", *lines, fence])


def escape(text: str) -> str:
    """Return `text` so that Markdown shows it as it is, on one line."""
    for sign in "\\`*_[]|~#":
        text = text.replace(sign, f"\\{sign}")
    # An @ would call somebody's attention on GitHub.
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;")
    return " ".join(text.split())
