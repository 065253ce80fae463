"""Endpoints after go-live as surfaces ask for them: rows, drift."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labline.errors import NotFound

if TYPE_CHECKING:
    import pandas as pd

    from labline.lab.service import Lab
    from labline.monitoring.decoding import Row
    from labline.monitoring.drift import Reference
    from labline.monitoring.log import PredictionLog, Span
    from labline.monitoring.looking import Window
    from labline.monitoring.report import DriftReport

#: requests that are looked at, of more spread evenly
_REQUESTS = 20_000
_TURN_ON = (
    "Set capture = true under [monitor] in labline.toml; then labline down and labline up, or "
    "deploy again."
)


@dataclass(frozen=True)
class LoggedRows:
    """Rows of the prediction log."""

    #: facts, prediction and inputs of each; the drift of each where that was asked for
    frame: pd.DataFrame
    #: requests in the span, of which `frame` may have only some
    requests: int
    #: what is to be known of it, in a sentence; empty where there is nothing
    says: str = ""


@dataclass(frozen=True)
class MonitorDesk:
    """Where is asked how models do after go-live."""

    lab: Lab

    def drift(self, endpoint: str, *, last: float | None = None) -> DriftReport:
        """Hold what an endpoint's live model was asked against what it was fitted on.

        Parameters
        ----------
        last
            Seconds to look back; the policy's ``monitor.window`` unless given.

        Raises
        ------
        NotFound
            There is no such endpoint, or nothing is live on it.
        BadSettings
            ``[monitor.drift]`` names a test or a column that is not there.
        """
        from dataclasses import replace

        from labline.monitoring import looking

        window = self._window(endpoint, last)
        rule = self.lab.settings.monitor.drift
        found = looking.report(window, self._reference(window.model), rule, at=time.time())
        if not found.requests and not self.lab.settings.monitor.capture:
            says = f"The prediction log of {endpoint} is off and has nothing of this time."
            return replace(found, says=says, fix=_TURN_ON)
        return found

    def rows(
        self,
        endpoint: str,
        *,
        last: float | None = None,
        limit: int = 10_000,
        model: str | None = None,
        drifted: bool = False,
    ) -> LoggedRows:
        """Return what an endpoint was asked and what it answered, the newest last.

        Parameters
        ----------
        last
            Seconds to look back; the policy's ``monitor.window`` unless given.
        limit
            Rows at most: the newest.
        model
            ``MODEL/VERSION`` that answered; any unless given.
        drifted
            Only rows of the live model that speak for its drift, those that do so most first.

        Raises
        ------
        NotFound
            There is no such endpoint.
        """
        from labline.monitoring import decoding

        if drifted:
            return self._drifted(endpoint, last, limit)
        self.lab.endpoints.get(endpoint)
        found = self._log(endpoint).find(self._span(last), model=model, most=limit, newest=True)
        rows = decoding.rows(found.table)[-limit:]
        return LoggedRows(decoding.to_frame(rows), found.total, self._remark(endpoint, found.total))

    def _drifted(self, endpoint: str, last: float | None, limit: int) -> LoggedRows:
        from labline.monitoring import decoding, looking

        window = self._window(endpoint, last)
        known, rule = self._reference(window.model), self.lab.settings.monitor.drift
        found = looking.report(window, known, rule, at=time.time())
        marks = looking.marked(window.rows, known, found) if known else []
        worst = sorted(
            (pair for pair in zip(marks, window.rows, strict=False) if pair[0][0] > 0),
            key=lambda pair: -pair[0][0],
        )[:limit]
        more: Mapping[str, Sequence[Any]] = {
            "drift": [mark[0] for mark, _ in worst],
            "drifted_by": [mark[1] for mark, _ in worst],
        }
        says = found.says if found.requests else self._remark(endpoint, 0)
        return LoggedRows(decoding.to_frame([row for _, row in worst], more), found.requests, says)

    def _remark(self, endpoint: str, requests: int) -> str:
        if requests:
            return ""
        if not self.lab.settings.monitor.capture:
            return f"The prediction log of {endpoint} is off. {_TURN_ON}"
        return f"{endpoint} has answered no request in this time."

    # -- what they are made of ---------------------------------------------------------------

    def _window(self, endpoint: str, last: float | None) -> Window:
        from labline.monitoring import decoding
        from labline.monitoring.looking import MOST_ROWS, Window

        span, model = self._span(last), self._live(endpoint)
        found = self._log(endpoint).find(span, model=model, most=_REQUESTS)
        rows: list[Row] = decoding.rows(found.table)
        step = max(1, -(-len(rows) // MOST_ROWS))
        return Window(endpoint, model, span, found.total, rows[::step])

    def _live(self, endpoint: str) -> str:
        live = self.lab.endpoints.get(endpoint).live
        if live is None:
            raise NotFound(f"Nothing is live on {endpoint!r}.", fix="labline deploy MODEL@STAGE")
        return live.model

    def _reference(self, model: str) -> Reference | None:
        from labline.monitoring import looking
        from labline.tracking import holdout

        run = self.lab.version(model).run_id
        training, kept = self._kept(run, holdout.TRAINING), self._kept(run, holdout.PLACE)
        return looking.reference(training, kept)

    def _kept(self, run: str, place: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self.lab.tracking.read_json(run, place)
        except NotFound:
            return None
        return found

    def _log(self, endpoint: str) -> PredictionLog:
        from labline.monitoring.log import PredictionLog

        return PredictionLog(self.lab.settings.predictions / endpoint)

    def _span(self, last: float | None) -> Span:
        from labline.monitoring.log import Span

        now = time.time()
        return Span(now - (last or self.lab.settings.monitor.window), now)
