"""What a card is made of, whatever it is written as."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Table:
    """Rows of facts."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Open:
    """A field that only a person can fill, and nobody has."""

    field: str
    asks: str
    #: where to fill it
    file: str


Block = Text | Table | Open


@dataclass(frozen=True)
class Part:
    """A heading and what stands below it."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A whole card."""

    title: str
    subtitle: str
    parts: tuple[Part, ...]

    @property
    def open(self) -> tuple[Open, ...]:
        """What people still have to fill, each field once."""
        found = {
            block.field: block
            for part in self.parts
            for block in part.blocks
            if isinstance(block, Open)
        }
        return tuple(found.values())


def table(columns: tuple[str, ...], rows: Any, empty: str) -> Block:
    """Return a table, or `empty` in words where it would have no rows."""
    made = tuple(tuple(str(cell) for cell in row) for row in rows)
    return Table(columns, made) if made else Text(empty)
