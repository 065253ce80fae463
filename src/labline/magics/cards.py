"""Show a value's card under the cell, once, and return the value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labline.cards import Card, Rich, escape, listing, number, told

if TYPE_CHECKING:
    from labline.promotion.diff import Diff

__all__ = ["Builder", "Card", "Document", "display", "listing", "number", "show", "told"]


@dataclass(frozen=True)
class Document(Rich):
    """A promotion diff, and what comes next."""

    diff: Diff
    note: str = ""

    def __repr__(self) -> str:
        return f"{self.diff.to_markdown()}{self.note}".rstrip()

    def _repr_html_(self) -> str:
        note = f"<div>{escape(self.note)}</div>" if self.note else ""
        return f"<div>{self.diff._repr_html_()}{note}</div>"


Builder = Callable[[Any], Rich]


def show(shell: Any, value: Any, build: Builder = lambda value: value) -> Any:
    """Display `value`, or what `build` makes of it, and return `value`.

    Where it is the cell's last value too, it is not displayed a second time.
    """
    display(shell, build(value))
    shell.display_formatter.ipython_display_formatter.for_type(
        type(value), _Once(shell, value, build)
    )
    return value


def display(shell: Any, shown: Rich) -> None:
    """Display a card; it names runs and times, so that a recording passes it over."""
    shell.display_pub.publish(shown._repr_mimebundle_(), transient={"labline": "card"})


class _Once:
    """IPython's way to display values of one type, quiet about the one just displayed."""

    def __init__(self, shell: Any, shown: Any, build: Builder) -> None:
        self._shell, self._shown, self._build = shell, shown, build
        self._cell = shell.execution_count

    def __call__(self, value: Any) -> None:
        if value is self._shown and self._shell.execution_count == self._cell:
            return
        display(self._shell, self._build(value))
