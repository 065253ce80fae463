"""``PromoteButton``: ask for a promotion and see the verdicts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from ipywidgets import Button

from labline.widgets.panel import Panel, table, toned

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import PromotionDetail

_TONES = {"promoted": "good", "dry run": "good", "refused": "bad", "failed": "bad",
          "rejected": "bad", "expired": "bad"}  # fmt: skip
_UNDER_WAY = ("queued", "running")


class PromoteButton(Panel):
    """A button that promotes, in two clicks, and shows what came of it.

    Parameters
    ----------
    candidate
        ``best:METRIC``, a run id, ``MODEL``, ``MODEL/3`` or ``MODEL@STAGE``.
    to
        The stage.
    dry_run
        Judge only.
    """

    def __init__(
        self,
        candidate: str,
        to: str,
        *,
        model: str | None = None,
        dry_run: bool = False,
        lab: Lab | None = None,
        period: float = 0.5,
    ) -> None:
        super().__init__(lab, period=period)
        self._asked: dict[str, Any] = {"to": to, "model": model, "dry_run": dry_run}
        self._candidate = candidate
        #: id of the promotion, once it was asked for
        self.promotion: str | None = None
        self._label = f"{'Try' if dry_run else 'Promote'} {candidate} to {to}"
        self.button = Button(description=self._label, button_style="primary")
        self.button.layout.width = "auto"
        self.button.on_click(lambda _: self.attempt(self._clicked))
        self._sure = dry_run
        self.children = [self.button, self._page]
        self.put("", f"[{self._label}]")

    def _clicked(self) -> None:
        if not self._sure:
            self._sure = True
            self.button.description = f"{self._label}: click again if you are sure"
            self.button.button_style = "warning"
            return
        self.button.disabled = True
        try:
            self.promotion = self.lab.errands.promotions.ask(
                self._candidate, actor=self.lab.whoami(), **self._asked
            )
        except BaseException:
            self._ready()
            raise
        self.watch()

    def _ready(self) -> None:
        self._sure = bool(self._asked["dry_run"])
        self.button.description, self.button.button_style = self._label, "primary"
        self.button.disabled = False

    def look(self) -> Any:
        """Return the promotion as it stands."""
        assert self.promotion is not None
        return self.lab.errands.promotions.look(self.promotion, actor=self.lab.whoami())

    def show(self, found: Any) -> bool:
        """Show state and verdicts; no more once it has ended or waits for a person."""
        detail: PromotionDetail = found
        row = detail.promotion
        state = row.state + (f": {row.progress}" if row.progress else "")
        verdicts = [(v.gate, str(v.outcome), v.reason, v.fix) for v in detail.verdicts]
        html, text = table(("gate", "verdict", "reason", "fix"), verdicts, "")
        said = f"{detail.failure.message} {detail.failure.fix}" if detail.failure else ""
        tone = _TONES.get(row.state, "open")
        self.put(
            f"<div>{toned(state, tone)}</div>{html}<div>{escape(said)}</div>",
            f"{self._label}: {state}\n{text}\n{said}".rstrip(),
        )
        if row.state in _UNDER_WAY:
            return True
        self._ready()
        return False
