"""What all widgets share: they look, show, and stop looking when they are closed."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from ipywidgets import HTML, VBox

from labline.errors import LablineError
from labline.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MUTED = "color:var(--jp-ui-font-color2,#767676)"
_CELL = "padding:2px 12px 2px 0;text-align:left;vertical-align:top"
_TONES = {
    "good": "var(--jp-success-color1,#388e3c)",
    "bad": "var(--jp-error-color1,#d32f2f)",
    "open": "var(--jp-info-color1,#1976d2)",
}


class Panel(VBox):  # type: ignore[misc]
    """A widget whose state is in the stores.

    A subclass writes :meth:`look`, which asks the stores, and :meth:`show`, which puts the answer
    into its parts and returns whether there will be more to see.

    Parameters
    ----------
    lab
        The project; that of this folder unless given.
    period
        Seconds between two looks.
    """

    def __init__(self, lab: Lab | None = None, *, period: float = 1.0) -> None:
        self.lab = lab or Lab.from_(os.environ.get("LABLINE_ROOT"))
        self._period = period
        self._page = HTML()
        self._plain = ""
        self._ended = threading.Event()
        self._watching: threading.Thread | None = None
        super().__init__([self._page])

    def look(self) -> Any:
        """Return what the stores say; called in a thread too."""
        raise NotImplementedError

    def show(self, found: Any) -> bool:
        """Show what was found, and return whether to look again."""
        raise NotImplementedError

    def refresh(self) -> bool:
        """Look and show, now; return whether there will be more to see."""
        try:
            return self.show(self.look())
        except LablineError as error:
            self.tell(error)
            return True

    def watch(self) -> None:
        """Look again and again, in a thread, until there is nothing more to see."""
        if self.refresh() and (self._watching is None or not self._watching.is_alive()):
            self._watching = threading.Thread(target=self._watch, daemon=True)
            self._watching.start()

    def _watch(self) -> None:
        while not self._ended.wait(self._period) and self.refresh():
            pass

    def close(self) -> None:
        """Stop looking and take the widget away."""
        self._ended.set()
        super().close()

    # -- showing -----------------------------------------------------------------------------

    def put(self, html: str, text: str) -> None:
        """Show HTML, and keep what says the same as text."""
        self._plain = text
        if self._page.value != html:
            self._page.value = html

    def tell(self, error: LablineError) -> None:
        """Show what went wrong and what to do."""
        what = f'<div style="color:{_TONES["bad"]}">{escape(error.message)}</div>'
        self.put(what + f'<div style="{_MUTED}">{escape(error.fix)}</div>', str(error))

    def attempt(self, call: Callable[[], Any]) -> None:
        """Do what a click asks for; what goes wrong is shown."""
        try:
            call()
        except LablineError as error:
            self.tell(error)

    def __repr__(self) -> str:
        return self._plain or type(self).__name__

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = dict(super()._repr_mimebundle_(**options) or {})
        return {**bundle, "text/plain": repr(self), "text/html": self._page.value}


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> tuple[str, str]:
    """Return rows as HTML, safe to show, and as text."""
    every = [[str(cell) for cell in row] for row in rows]
    if not every:
        return f'<div style="{_MUTED}">{escape(empty)}</div>', empty
    head = "".join(f'<th style="{_CELL};{_MUTED}">{escape(name)}</th>' for name in columns)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in every)
    widths = [max(map(len, column)) for column in zip(columns, *every, strict=True)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [list(columns), *every]
    ]
    html = (
        f'<table class="labline-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )
    return html, "\n".join(lines)


def _cell(text: str) -> str:
    # A name is anybody's: it must neither widen the table nor turn the text around.
    return (
        f'<td style="{_CELL};max-width:32em;overflow:hidden;text-overflow:ellipsis" dir="auto" '
        f'title="{escape(text)}">{escape(text)}</td>'
    )


def toned(text: str, tone: str) -> str:
    """Return a word in the colour of ``good``, ``bad`` or ``open``."""
    return f'<span style="color:{_TONES[tone]}">{escape(text)}</span>'
