"""Cards: a value shown compactly, as HTML and as text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from labline.cards import look
from labline.cards.text import escape, plain

_FACT = (
    "padding:2px 16px 2px 0;text-align:left;vertical-align:top;white-space:nowrap;"
    f"max-width:16em;overflow:hidden;text-overflow:ellipsis;{look.MUTED}"
)
_VALUE = (
    "padding:2px 0;text-align:left;vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere"
)


Tone = Literal["good", "bad", "open"]


class Rich(ABC):
    """What a notebook shows as HTML, and as text where there is no front end."""

    __slots__ = ()

    @abstractmethod
    def _repr_html_(self) -> str:
        """Return it as one element, escaped, styled in place; Jupyter calls this."""

    def _text(self) -> str:
        """Return the same as text; override where ``repr`` is for programmers."""
        return repr(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Return every way to show it, by MIME type; Jupyter calls this."""
        return {"text/plain": plain(self._text()), "text/html": self._repr_html_()}


class Carded(Rich):
    """A record that a notebook shows as a card."""

    __slots__ = ()

    @abstractmethod
    def card(self) -> Card:
        """Return the card."""

    def _text(self) -> str:
        return repr(self.card())

    def _repr_html_(self) -> str:
        return self.card()._repr_html_()


@dataclass(frozen=True)
class Card(Rich):
    """A heading, a state, facts and remarks."""

    title: str
    #: one word on how it stands
    state: str = ""
    tone: Tone = "open"
    facts: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()

    def __repr__(self) -> str:
        width = max((len(name) for name, _ in self.facts), default=0)
        lines = [f"{self.title}  {self.state}".rstrip()]
        lines += [f"  {name:<{width}}  {value}" for name, value in self.facts]
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = "".join(_row(name, value) for name, value in self.facts)
        table = f'<table style="{look.TABLE}">{rows}</table>' if rows else ""
        notes = "".join(f'<div dir="auto">{escape(note)}</div>' for note in self.notes)
        tone = look.TONES[self.tone]
        return (
            f'<div class="labline-card" style="{look.FRAME};display:inline-block;min-width:20em">'
            f'<strong style="overflow-wrap:anywhere"><bdi>{escape(self.title)}</bdi>'
            f'</strong> <span style="color:{tone}">'
            f"{escape(self.state)}</span>{table}{notes}</div>"
        )


def _row(name: str, value: str) -> str:
    return (
        f'<tr style="{look.ROW}"><td style="{_FACT}" title="{escape(name)}">{escape(name)}</td>'
        f'<td style="{_VALUE}" dir="auto">{escape(value)}</td></tr>'
    )
