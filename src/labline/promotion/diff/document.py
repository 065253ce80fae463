"""What a diff consists of, whatever it is shown on: sections of a few kinds of blocks.

A renderer that knows the four kinds shows whatever a section will hold one day. The JSON shape,
which :meth:`Diff.to_dict` gives, ``--json`` prints and REST answers, is stable::

    {"title": str, "headline": str, "outcome": OUTCOME, "sections": [SECTION, ...]}

    SECTION  {"id": str, "title": str, "outcome": OUTCOME, "summary": str, "blocks": [BLOCK, ...]}
    OUTCOME  "passed" | "failed" | "needs approval" | ""        "" where nothing is judged

    BLOCK    {"kind": "text", "text": str, "mark": MARK, "fix": str}
             {"kind": "table", "caption": str, "columns": [str], "numeric": [int],
              "rows": [[{"text": str, "mark": MARK}, ...], ...]}
             {"kind": "code", "title": str, "lines": ["+added", "-removed", " kept", ...]}
             {"kind": "figure", "title": str, "axis": str, "limit": number | null,
              "rows": [{"label": str, "marks": [{"name": "candidate" | "champion",
                        "value": number, "low": number | null, "high": number | null}]}],
              "svg": str, "alt": str}
    MARK     "good" | "bad" | "open" | "added" | "removed" | "changed" | ""

``numeric`` names the columns, from 0, that read better aligned to the right. ``svg`` is a drawing
of the figure's own numbers, every text in it escaped, its colours CSS variables with fallbacks.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from labline.cards import Rich

Outcome = Literal["passed", "failed", "needs approval", ""]
Mark = Literal["good", "bad", "open", "added", "removed", "changed", ""]


@dataclass(frozen=True)
class Text:
    """A sentence, and what to do about it."""

    text: str
    mark: Mark = ""
    #: what would change it
    fix: str = ""
    kind: Literal["text"] = "text"


@dataclass(frozen=True)
class Cell:
    """One cell of a table."""

    text: str
    mark: Mark = ""


@dataclass(frozen=True)
class Table:
    """Rows of cells under headings."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    caption: str = ""
    #: columns, from 0, that hold numbers
    numeric: tuple[int, ...] = ()
    kind: Literal["table"] = "table"

    def trimmed(self) -> Table:
        """Return the table without the columns in which nothing is said."""
        full = [n for n in range(len(self.columns)) if any(row[n].text for row in self.rows)]
        return replace(
            self,
            columns=tuple(self.columns[n] for n in full),
            rows=tuple(tuple(row[n] for n in full) for row in self.rows),
            numeric=tuple(place for place, n in enumerate(full) if n in self.numeric),
        )


@dataclass(frozen=True)
class Code:
    """Lines of a unified diff, each with its sign."""

    title: str
    lines: tuple[str, ...]
    kind: Literal["code"] = "code"


@dataclass(frozen=True)
class Point:
    """A value with its interval."""

    #: ``candidate`` or ``champion``
    name: str
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Lane:
    """One line of a figure: what it is of, and the values on it."""

    label: str
    marks: tuple[Point, ...]


@dataclass(frozen=True)
class Figure:
    """Intervals on one axis; :mod:`labline.promotion.diff.figure` draws it."""

    title: str
    axis: str
    rows: tuple[Lane, ...]
    #: where the policy draws its line
    limit: float | None = None
    kind: Literal["figure"] = "figure"

    @property
    def alt(self) -> str:
        """The figure in words."""
        lanes = [f"{row.label}: {', '.join(map(_spoken, row.marks))}" for row in self.rows]
        return f"{self.title}. {'; '.join(lanes)}"


def _spoken(point: Point) -> str:
    told = f"{point.name} {point.value:.4g}"
    if point.low is None or point.high is None:
        return told
    return f"{told} ({point.low:.4g} to {point.high:.4g})"


Block = Text | Table | Code | Figure


@dataclass(frozen=True)
class Section:
    """One thing in which candidate and champion may differ."""

    #: stable word for it: ``gates``, ``metrics`` ...
    id: str
    title: str
    blocks: tuple[Block, ...]
    outcome: Outcome = ""
    #: the section in a line, for where it is folded
    summary: str = ""


@dataclass(frozen=True)
class Diff(Rich):
    """Candidate and champion side by side, or any two models."""

    title: str
    #: what it comes to, in a sentence
    headline: str
    outcome: Outcome
    sections: tuple[Section, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready data, of the shape that this module's docstring states."""
        return {
            "title": self.title,
            "headline": self.headline,
            "outcome": self.outcome,
            "sections": [
                {
                    "id": section.id,
                    "title": section.title,
                    "outcome": section.outcome,
                    "summary": section.summary,
                    "blocks": [block_dict(block) for block in section.blocks],
                }
                for section in self.sections
            ],
        }

    def to_markdown(self) -> str:
        """Return it as Markdown, fit for a pull-request comment."""
        from labline.promotion.diff.markdown import render

        return render(self)

    def _text(self) -> str:
        return self.to_markdown()

    def _repr_html_(self) -> str:
        from labline.promotion.diff.html import render

        return render(self)


def block_dict(block: Block) -> dict[str, Any]:
    """Return one block as JSON-ready data."""
    if isinstance(block, Figure):
        from labline.promotion.diff.figure import draw

        return {**asdict(block), "alt": block.alt, "svg": draw(block)}
    return asdict(block)
