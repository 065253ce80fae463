"""``PromoteButton``: ask for a promotion and see the verdicts."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from ipywidgets import Button, HBox

from labline.cards import Tone
from labline.widgets.panel import Panel
from labline.widgets.parts import Cell, Part, line, problem, table

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import PromotionDetail
    from labline.promotion import Verdict

_TONES: dict[str, Tone] = {"promoted": "good", "dry run": "good", "refused": "bad",
                           "failed": "bad", "rejected": "bad", "expired": "bad"}  # fmt: skip
_VERDICTS: dict[str, Tone] = {"passed": "good", "failed": "bad"}
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
        options = "--dry-run" if dry_run else "--yes"
        command = f"labline promote {shlex.quote(candidate)} --to {shlex.quote(to)} {options}"
        title = f"{'Try' if dry_run else 'Promote'} {candidate} to {to}"
        super().__init__(title, lab=lab, period=period, otherwise=command)
        self._asked: dict[str, Any] = {"to": to, "model": model, "dry_run": dry_run}
        self._candidate = candidate
        self._sure = dry_run
        #: id of the promotion, once it was asked for
        self.promotion: str | None = None
        self._label = "Try" if dry_run else "Promote"
        self.button = Button(description=self._label, button_style="primary", tooltip=title)
        self.button.on_click(lambda _: self.attempt(self._clicked))
        self.back = Button(description="Not now", tooltip="Promote nothing")
        self.back.on_click(lambda _: self._ready())
        self.lay_out(HBox([self.button, self.back]))
        self._ready()

    def _clicked(self) -> None:
        if not self._sure:
            self._sure = True
            self.button.description = "Yes, promote"
            self.back.layout.display = ""
            return
        self.button.disabled = True
        self.back.layout.display = "none"
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
        self.button.description = self._label
        self.button.disabled = False
        self.back.layout.display = "none"

    def look(self) -> Any:
        """Return the promotion as it stands."""
        assert self.promotion is not None
        return self.lab.errands.promotions.look(self.promotion, actor=self.lab.whoami())

    def show(self, found: Any) -> bool:
        """Show state and verdicts; no more once it has ended or waits for a person."""
        detail: PromotionDetail = found
        row = detail.promotion
        state = row.state + (f": {row.progress}" if row.progress else "")
        verdicts = map(_row, detail.verdicts)
        gates = table(("gate", "verdict", "why"), verdicts, "")
        self.put(line(state, _TONES.get(row.state, "open"), bold=True), gates, *_next(detail))
        if row.state in _UNDER_WAY:
            return True
        self._ready()
        return False


def _row(verdict: Verdict) -> tuple[str | Cell, ...]:
    outcome = Cell(str(verdict.outcome), _VERDICTS.get(verdict.outcome, "open"))
    return (verdict.gate, outcome, f"{verdict.reason}\n{verdict.fix}".rstrip())


def _next(detail: PromotionDetail) -> list[Part]:
    """Return what went wrong, or who has to do what."""
    if detail.failure:
        return [problem(detail.failure.message, detail.failure.fix)]
    if detail.promotion.state == "needs approval":
        return [line(f"Somebody has to say: %approve {detail.promotion.id[:8]}")]
    return []
