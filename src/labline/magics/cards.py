"""Cards: a value shown compactly, as HTML and as text, escaped."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from labline.promotion.diff import Diff

STYLE = (
    "border:1px solid var(--jp-border-color2,#ccc);border-radius:3px;padding:8px 12px;"
    "display:inline-block;min-width:20em;font-family:var(--jp-ui-font-family,sans-serif);"
    "color:var(--jp-ui-font-color1,inherit);font-size:var(--jp-ui-font-size1,13px)"
)
TONES = {
    "good": "var(--jp-success-color1,#388e3c)",
    "bad": "var(--jp-error-color1,#d32f2f)",
    "open": "var(--jp-info-color1,#1976d2)",
}
_MOST = 12


@dataclass(frozen=True)
class Card:
    """A heading, a state, facts and remarks."""

    title: str
    #: one word on how it stands
    state: str = ""
    #: ``good``, ``bad`` or ``open``
    tone: str = "open"
    facts: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()

    def __repr__(self) -> str:
        width = max((len(name) for name, _ in self.facts), default=0)
        lines = [f"{self.title}  {self.state}".rstrip()]
        lines += [f"  {name:<{width}}  {value}" for name, value in self.facts]
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        escape = html.escape
        rows = "".join(
            f'<tr><td style="text-align:left;opacity:.7;padding-right:1em">{escape(name)}</td>'
            f'<td style="text-align:left">{escape(value)}</td></tr>'
            for name, value in self.facts
        )
        notes = "".join(f"<div>{escape(note)}</div>" for note in self.notes)
        state = f'<span style="color:{TONES[self.tone]}"> {escape(self.state)}</span>'
        table = f"<table>{rows}</table>" if rows else ""
        return (
            f'<div class="labline-card" style="{STYLE}"><strong>{escape(self.title)}</strong>'
            f"{state}{table}{notes}</div>"
        )


@dataclass(frozen=True)
class Document:
    """A promotion diff, and what comes next."""

    diff: Diff
    note: str = ""

    def __repr__(self) -> str:
        return f"{self.diff.to_markdown()}{self.note}".rstrip()

    def _repr_html_(self) -> str:
        note = f"<div>{html.escape(self.note)}</div>" if self.note else ""
        return f"{self.diff._repr_html_()}{note}"


class Shown(Protocol):
    """What has a form as HTML, beside its form as text."""

    def _repr_html_(self) -> str: ...


Builder = Callable[[Any], Shown]


def show(shell: Any, value: Any, build: Builder) -> Any:
    """Display the card of `value` and return `value`.

    Where it is the cell's last value too, it is not displayed a second time; later it shows as
    its card.
    """
    display(shell, build(value))
    shell.display_formatter.ipython_display_formatter.for_type(
        type(value), _Once(shell, value, build)
    )
    return value


def display(shell: Any, card: Shown) -> None:
    """Display a card; it names runs and times, so that a recording passes it over."""
    shell.display_pub.publish(
        {"text/plain": repr(card), "text/html": card._repr_html_()}, transient={"labline": "card"}
    )


class _Once:
    """IPython's way to display values of one type, quiet about the one just displayed."""

    def __init__(self, shell: Any, shown: Any, build: Builder) -> None:
        self._shell, self._shown, self._build = shell, shown, build
        self._cell = shell.execution_count

    def __call__(self, value: Any) -> None:
        if value is self._shown and self._shell.execution_count == self._cell:
            return
        display(self._shell, self._build(value))


def number(value: float) -> str:
    """Return a metric as people read it."""
    return f"{value:.6g}" if math.isfinite(value) else str(value)


def listing(values: Mapping[str, Any]) -> str:
    """Return ``a=1  b=2``, cut where it gets long."""
    parts = [
        f"{name}={number(value) if isinstance(value, float) else value}"
        for name, value in list(values.items())[:_MOST]
    ]
    return "  ".join(parts) + ("  ..." if len(values) > _MOST else "")


def told(*facts: tuple[str, Any]) -> list[tuple[str, str]]:
    """Return the facts that there is something to say about, as text."""
    return [(name, str(value)) for name, value in facts if value not in (None, "")]
