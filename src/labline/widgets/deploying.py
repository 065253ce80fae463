"""``DeployPanel``: serve a version of a model, and roll back."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from ipywidgets import BoundedIntText, Button, Dropdown, HBox, Layout, Text, VBox

from labline.cards import Tone
from labline.widgets.panel import Panel
from labline.widgets.parts import Cell, Part, line, problem, table

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import DeploymentState, EndpointRow

_TONES: dict[str, Tone] = {"succeeded": "good", "failed": "bad", "cancelled": "bad"}
_STATES: dict[str, Tone] = {"ready": "good", "silent": "bad", "failed": "bad"}
_FIELD = {"style": {"description_width": "6em"}, "layout": {"width": "400px", "max_width": "98%"}}


class DeployPanel(Panel):
    """Choose a version, an endpoint and a share of the requests; deploy; roll back.

    Parameters
    ----------
    model
        A registered model.
    endpoint
        Called as the model unless given.

    Raises
    ------
    NotFound
        There is no such model.
    """

    def __init__(
        self, model: str, *, endpoint: str = "", lab: Lab | None = None, period: float = 0.5
    ) -> None:
        command = f"labline deploy {shlex.quote(model)}"
        super().__init__(f"Deploy {model}", lab=lab, period=period, otherwise=command)
        self._id: str | None = None
        #: key of a new endpoint; it cannot be had again
        self.key: str | None = None
        self.version = Dropdown(options=self._choices(model), description="Version", **_FIELD)
        self.endpoint = Text(value=endpoint or model, description="Endpoint", **_FIELD)
        self.canary = BoundedIntText(value=0, min=0, max=99, description="Canary, %", **_FIELD)
        self.button = Button(description="Deploy", button_style="primary", icon="rocket")
        self.back = Button(description="Roll back", icon="undo")
        self.button.on_click(lambda _: self.attempt(self._deploy))
        self.back.on_click(lambda _: self.attempt(self._roll_back))
        buttons = HBox([self.button, self.back], layout=Layout(margin="4px 0"))
        self.lay_out(VBox([self.version, self.endpoint, self.canary]), buttons)
        self.watch()

    def _choices(self, model: str) -> list[tuple[str, str]]:
        versions = self.lab.tracking.registry.versions(model)
        return [(f"{v.version}  {', '.join(v.stages)}".strip(), v.label) for v in versions]

    def _deploy(self) -> None:
        from labline.lab import Order

        order = Order(
            self.version.value,
            endpoint=self.endpoint.value.strip() or None,
            canary=self.canary.value,
        )
        self._id = self.lab.errands.deployments.deploy(order)
        self._begin()

    def _roll_back(self) -> None:
        self._id = self.lab.errands.deployments.rollback(
            self.endpoint.value.strip(), actor=self.lab.whoami()
        )
        self._begin()

    def _begin(self) -> None:
        self.button.disabled = self.back.disabled = True
        self.watch()

    def look(self) -> Any:
        """Return what was asked for, if anything was, and what is served."""
        asked = self.lab.errands.deployments.look(self._id) if self._id else None
        return asked, self.lab.views.endpoints.rows()

    def show(self, found: Any) -> bool:
        """Show how far the deployment is and what is served; no more once it has ended."""
        asked, rows = found
        columns = ("endpoint", "release", "says it serves", "state", "url")
        served = table(columns, map(_row, rows), "Nothing is served yet.")
        self.put(*(self._state(asked) if asked else []), served)
        under_way = asked is not None and asked.state in ("queued", "running")
        self.button.disabled = self.back.disabled = under_way
        return under_way

    def _state(self, asked: DeploymentState) -> list[Part]:
        if asked.wants_key and self.key is None:
            self.key = self.lab.endpoints.issue_key(asked.endpoint, actor=asked.actor)
        told = f"{asked.kind} of {asked.model or asked.endpoint}: {asked.state}"
        told += f", {asked.progress}" if asked.progress and not asked.failure else ""
        parts = [line(told, _TONES.get(asked.state, "open"), bold=True)]
        if asked.failure:
            parts.append(problem(asked.failure.message, asked.failure.fix))
        if self.key:
            parts.append(line("The endpoint is new: its key is in .key of this panel, once."))
        return parts


def _row(row: EndpointRow) -> tuple[str | Cell, ...]:
    state = Cell(row.state, _STATES.get(row.state, "open"))
    return (row.name, row.model or "-", row.serving or "-", state, row.url)
