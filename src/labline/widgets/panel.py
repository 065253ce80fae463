"""What all widgets share: they look, show, and stop looking when they are closed."""

from __future__ import annotations

import os
import threading
from abc import ABCMeta, abstractmethod
from collections.abc import Callable
from typing import Any

from ipywidgets import HTML, Layout, VBox, Widget

from labline.cards import escape, look, plain
from labline.errors import LablineError
from labline.lab import Lab
from labline.widgets.parts import Part, problem

_FRAME = {
    "border": f"1px solid {look.LINE}",
    "padding": "8px 12px",
    "max_width": "900px",
}


class _AbstractWidget(ABCMeta, type(VBox)):  # type: ignore[misc]
    """What a widget with abstract methods is made by."""


class Panel(VBox, metaclass=_AbstractWidget):  # type: ignore[misc]
    """A widget whose state is in the stores.

    A subclass writes :meth:`look`, which asks the stores, and :meth:`show`, which puts the answer
    into its parts and returns whether there will be more to see.

    Parameters
    ----------
    title
        What it is, above everything else.
    lab
        The project; that of this folder unless given.
    period
        Seconds between two looks.
    otherwise
        The command that does the same, for where there is no front end.
    """

    # ipywidgets closes a widget too that was refused before it was made.
    _ended: threading.Event | None = None

    def __init__(self, title: str, *, lab: Lab | None, period: float, otherwise: str = "") -> None:
        self.lab = lab or Lab.from_(os.environ.get("LABLINE_ROOT"))
        self.title = title
        self._period = period
        self._otherwise = otherwise
        self._parts: list[Part] = []
        self._head = HTML(f'<strong style="overflow-wrap:anywhere">{escape(title)}</strong>')
        self._page = HTML(layout=Layout(margin="6px 2px 2px"))
        self._ended = threading.Event()
        self._watching: threading.Thread | None = None
        super().__init__([self._head, self._page], layout=Layout(**_FRAME))

    def lay_out(self, *controls: Widget) -> None:
        """Put what is clicked and filled between the title and what is shown."""
        self.children = [self._head, *controls, self._page]

    @abstractmethod
    def look(self) -> Any:
        """Return what the stores say; called in a thread too."""

    @abstractmethod
    def show(self, found: Any) -> bool:
        """Show what was found, and return whether to look again."""

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
        while self._ended and not self._ended.wait(self._period) and self.refresh():
            pass

    def close(self) -> None:
        """Stop looking and take the widget away."""
        if self._ended:
            self._ended.set()
        super().close()

    # -- showing -----------------------------------------------------------------------------

    def put(self, *parts: Part) -> None:
        """Show these, and nothing else, under the controls."""
        self._parts = [part for part in parts if part]
        # ipywidgets spaces lines as it does buttons.
        shown = "".join(part.html for part in self._parts)
        html = f'<div style="line-height:1.45">{shown}</div>'
        if self._page.value != html:
            self._page.value = html

    def tell(self, error: LablineError) -> None:
        """Show what went wrong and what to do."""
        self.put(problem(error.message, error.fix))

    def attempt(self, call: Callable[[], Any]) -> None:
        """Do what a click asks for; what goes wrong is shown."""
        try:
            call()
        except LablineError as error:
            self.tell(error)

    # -- where there is no front end ---------------------------------------------------------

    def __repr__(self) -> str:
        told = [self.title, *(part.text for part in self._parts), self._hint]
        return plain("\n".join(filter(None, told)))

    @property
    def _hint(self) -> str:
        return f"Without a kernel: {self._otherwise}" if self._otherwise else ""

    def _repr_html_(self) -> str:
        hint = f'<div style="{look.MUTED}">{escape(self._hint)}</div>' if self._hint else ""
        body = "".join(part.html for part in self._parts)
        return (
            f'<div class="labline-widget" style="{look.FRAME}">{self._head.value}{body}{hint}</div>'
        )

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        bundle: dict[str, Any] = dict(super()._repr_mimebundle_(**options) or {})
        return {**bundle, "text/plain": repr(self), "text/html": self._repr_html_()}
