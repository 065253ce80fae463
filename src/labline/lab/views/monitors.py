"""How an endpoint is watched, as a front end shows it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from labline.errors import NotFound
from labline.lab import retraining, watching
from labline.lab.errands.failures import failure_of
from labline.lab.shapes import Glance, Monitored, Renewal, Trail, Watched
from labline.records import JobStatus

if TYPE_CHECKING:
    from labline.lab.retraining import Retrained
    from labline.lab.service import Lab
    from labline.monitoring.look import Look
    from labline.workflows import WorkflowState

#: looks that are told of an endpoint
_HISTORY = 24
#: newest looks, and retrainings, whose change is told
_NEWEST = 100
_DONE = (JobStatus.SUCCEEDED, JobStatus.FAILED)


@dataclass(frozen=True)
class MonitorViews:
    """What is shown of looks at endpoints."""

    lab: Lab

    def of(self, name: str) -> Monitored:
        """Return how an endpoint is watched, and what the looks at it found.

        Raises
        ------
        NotFound
            There is no such endpoint.
        """
        live = self.lab.endpoints.get(name).live
        done = self._done(name)
        looks = [found for each in done if (found := look_of(each))]
        model, rule = live.model if live else None, self.lab.rules.monitor
        return Monitored(
            endpoint=name,
            model=model,
            capture=rule.capture,
            every=rule.every,
            window=rule.window,
            look=next((each for each in looks if each.model == model), None),
            history=tuple(map(_glance, done)),
            trails=trails([look_of(each) for each in done]),
            failure=failure_of(done[0].error) if done else None,
            renewal=self._renewal(name),
        )

    def newest(self) -> dict[str, Watched]:
        """Return what is newest of each endpoint: cheap, for whoever asks again and again."""
        found: dict[str, Watched] = {}
        for each in reversed(self.lab.workflows.list(watching.MONITOR, limit=_NEWEST, whole=False)):
            if each.status in _DONE:
                name = watching.endpoint_of(each.id)
                found[name] = Watched(name, look=each.id)
        for each in reversed(
            self.lab.workflows.list(retraining.RETRAIN, limit=_NEWEST, whole=False)
        ):
            name = retraining.endpoint_of(each.id)
            known = found.get(name, Watched(name))
            found[name] = replace(known, renewal=each.id, status=str(each.status))
        return found

    def _done(self, name: str) -> list[WorkflowState]:
        found = self.lab.workflows.list(
            watching.MONITOR, limit=_HISTORY, prefix=watching.prefix(name)
        )
        return [each for each in found if each.status in _DONE]

    def _renewal(self, name: str) -> Renewal | None:
        newest = self.lab.retraining.newest(name)
        if newest is None:
            return None
        done: Retrained | None = newest.result
        return Renewal(
            id=newest.id,
            asked=newest.created,
            why=newest.payload["why"],
            actor=newest.payload["actor"],
            state=self._stands(newest.status, done),
            job=done.job if done else None,
            promotion=done.promotion if done else None,
            stage=done.stage if done else None,
            failure=failure_of(newest.error),
        )

    def _stands(self, status: JobStatus, done: Retrained | None) -> str:
        if done is None:
            return "training" if status is JobStatus.RUNNING else str(status)
        if not self.lab.workflows.state(done.promotion).status.ended:
            return "judging"
        try:
            return str(self.lab.promotions.find(done.promotion).state_at(time.time()))
        except NotFound:
            return "failed"


def look_of(state: WorkflowState) -> Look | None:
    """Return what a look found, and who asked for it; None where it failed."""
    found: Look | None = state.result
    return replace(found, by=watching.asker_of(state.id)) if found else None


def _glance(state: WorkflowState) -> Glance:
    by, found = watching.asker_of(state.id), look_of(state)
    if found is None:
        at = state.ended or state.created
        return Glance(at, "", by, "failed", str(state.error))
    return Glance(found.at, found.model, by, found.state, found.says)


def trails(looks: Sequence[Look | None]) -> tuple[Trail, ...]:
    """Return how far each column was from its limit in each of `looks`; none where it failed."""
    shares: dict[tuple[str, str], list[float | None]] = {}
    for place, look in enumerate(looks):
        for each in look.drift.columns if look else ():
            row = shares.setdefault((each.column, each.of), [None] * len(looks))
            if each.value is not None and each.limit:
                row[place] = round(each.value / each.limit, 4)
    return tuple(Trail(column, of, tuple(row)) for (column, of), row in shares.items())
