"""Endpoints after go-live as surfaces ask for them: rows, drift, labels."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labline.errors import BadInput, NotFound
from labline.lab import watching
from labline.records import JobStatus

if TYPE_CHECKING:
    import pandas as pd

    from labline.lab.service import Lab, Progress
    from labline.monitoring.decoding import Row
    from labline.monitoring.drift import Reference
    from labline.monitoring.labels import Label, Labels, Place
    from labline.monitoring.log import PredictionLog, Span
    from labline.monitoring.look import Look
    from labline.monitoring.looking import Window
    from labline.monitoring.realised import RealisedReport
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

    def only(self) -> str:
        """Return the name of the project's endpoint, where it has one.

        Raises
        ------
        NotFound
            It has none yet.
        BadInput
            It has several: one must be named.
        """
        names = [each.name for each in self.lab.endpoints.list()]
        if not names:
            raise NotFound("There is no endpoint yet.", fix="labline deploy MODEL@STAGE")
        if len(names) > 1:
            raise BadInput(f"There are several endpoints: {', '.join(names)}.", fix="Name one.")
        return names[0]

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
        from labline.monitoring import looking

        window = self._window(endpoint, last)
        rule = self.lab.rules.monitor.drift
        found = looking.report(window, self._reference(window.model), rule, at=time.time())
        if not found.requests and not self.lab.rules.monitor.capture:
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
        BadInput
            `limit` is less than one.
        """
        from labline.monitoring import decoding

        if limit < 1:
            raise BadInput(f"A limit of {limit} rows leaves nothing.", fix="Give 1 or more.")
        if drifted:
            return self._drifted(endpoint, last, limit)
        self.lab.endpoints.get(endpoint)
        found = self._log(endpoint).find(self._span(last), model=model, most=limit, newest=True)
        rows = decoding.rows(found.table)[-limit:]
        return LoggedRows(decoding.to_frame(rows), found.total, self._remark(endpoint, found.total))

    def _drifted(self, endpoint: str, last: float | None, limit: int) -> LoggedRows:
        from labline.monitoring import decoding, looking

        window = self._window(endpoint, last)
        known, rule = self._reference(window.model), self.lab.rules.monitor.drift
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
        if not self.lab.rules.monitor.capture:
            return f"The prediction log of {endpoint} is off. {_TURN_ON}"
        return f"{endpoint} has answered no request in this time."

    # -- what turned out to be true -----------------------------------------------------------

    def label(self, endpoint: str, found: Sequence[Label]) -> RealisedReport:
        """Keep labels of rows that an endpoint predicted, and return what all of them say.

        Raises
        ------
        NotFound
            There is no such endpoint, or nothing is live on it.
        """
        self._live(endpoint)
        self._labels(endpoint).add(found)
        return self.realised(endpoint)

    def realised(self, endpoint: str) -> RealisedReport:
        """Return what the labels that are kept say of an endpoint's live model.

        Its metrics are those that its run logged, computed on the rows that have a label, as far
        as the prediction log goes back.

        Raises
        ------
        NotFound
            There is no such endpoint, or nothing is live on it.
        """
        from labline.lab import realising

        model = self._live(endpoint)
        known = self._labels(endpoint).all()
        run = self.lab.tracking.run(self.lab.version(model).run_id)
        rows = self._labelled(endpoint, model, known)
        return realising.report(
            endpoint, model, run.metrics, rows, known, self.lab.rules.monitor.metrics
        )

    def _labelled(self, endpoint: str, model: str, known: Mapping[Place, Any]) -> list[Row]:
        from labline.monitoring import decoding

        ids = {place.request_id for place in known}
        span = self._span(self.lab.rules.monitor.keep)
        found = self._log(endpoint).find(span, model=model, most=_REQUESTS, ids=ids)
        return decoding.rows(found.table)

    def _labels(self, endpoint: str) -> Labels:
        from labline.monitoring.labels import Labels

        return Labels(self.lab.settings.labels / endpoint)

    # -- as a whole --------------------------------------------------------------------------

    def judge(self, endpoint: str) -> Look:
        """Look at an endpoint as it is now; nothing is recorded.

        Raises
        ------
        NotFound
            There is no such endpoint, or nothing is live on it.
        """
        from labline.monitoring.look import decide

        return decide(self.drift(endpoint), self.realised(endpoint))

    def check(self, endpoint: str, *, progress: Progress | None = None) -> Look:
        """Have a worker look at an endpoint now; what has changed is recorded and told.

        Raises
        ------
        NotFound
            There is no such endpoint, or nothing is live on it.
        """
        self._live(endpoint)
        id = watching.by_hand(endpoint)
        self.lab.workflows.submit(watching.MONITOR, {"endpoint": endpoint}, id=id)
        found: Look = self.lab.follow(id, progress)
        return replace(found, by="hand")

    def looks(self, endpoint: str, *, limit: int = 50) -> list[Look]:
        """Return what looks found, by the clock and by hand, the newest first.

        Raises
        ------
        NotFound
            There is no such endpoint.
        """
        self.lab.endpoints.get(endpoint)
        done = self.lab.workflows.list(
            watching.MONITOR, limit=limit, prefix=watching.prefix(endpoint),
            status=JobStatus.SUCCEEDED,
        )  # fmt: skip
        return [replace(each.result, by=watching.asker_of(each.id)) for each in done]

    def recorded(self, endpoint: str) -> str | None:
        """Return the state of an endpoint that the ledger has last; None where it has none."""
        entries = self.lab.ledger.entries(actions=(watching.ACTION,))
        mine = (each for each in entries if each.payload["endpoint"] == endpoint)
        return next((str(each.payload["state"]) for each in mine), None)

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
        return Span(now - (last or self.lab.rules.monitor.window), now)
