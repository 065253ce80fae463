"""``DeployPanel``: serve a version of a model, and roll back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ipywidgets import Button, Dropdown, HBox, IntSlider, Text

from labline.widgets.panel import Panel, table, toned

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import DeploymentState

_TONES = {"succeeded": "good", "failed": "bad", "cancelled": "bad"}


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
        super().__init__(lab, period=period)
        self._id: str | None = None
        #: key of a new endpoint; it cannot be had again
        self.key: str | None = None
        self.version = Dropdown(options=self._choices(model), description="version")
        self.endpoint = Text(value=endpoint or model, description="endpoint")
        self.canary = IntSlider(value=0, min=0, max=99, description="canary %")
        self.button = Button(description="Deploy", button_style="primary", icon="rocket")
        self.back = Button(description="Roll back", icon="undo")
        self.button.on_click(lambda _: self.attempt(self._deploy))
        self.back.on_click(lambda _: self.attempt(self._roll_back))
        fields = [self.version, self.endpoint, self.canary, HBox([self.button, self.back])]
        self.children = [*fields, self._page]
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
        served = [(e.name, e.model or "-", e.serving or "-", e.state, e.url) for e in rows]
        columns = ("endpoint", "release", "says it serves", "state", "url")
        html, text = table(columns, served, "Nothing is served yet.")
        state = self._state(asked) if asked else ""
        tone = _TONES.get(asked.state, "open") if asked else "open"
        self.put(f"<div>{toned(state, tone)}</div>{html}", f"{state}\n{text}".strip())
        under_way = asked is not None and asked.state in ("queued", "running")
        self.button.disabled = self.back.disabled = under_way
        return under_way

    def _state(self, asked: DeploymentState) -> str:
        if asked.wants_key and self.key is None:
            self.key = self.lab.endpoints.issue_key(asked.endpoint, actor=asked.actor)
        parts = [f"{asked.kind}: {asked.state}", asked.progress]
        parts += [asked.failure.message, asked.failure.fix] if asked.failure else []
        parts += ["The key of this new endpoint is in .key"] if self.key else []
        return "  ".join(part for part in parts if part)
