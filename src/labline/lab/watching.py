"""Endpoints are looked at by themselves: every so often, by whichever worker is there."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from labline import telemetry
from labline.errors import LablineError
from labline.lab import telling

if TYPE_CHECKING:
    from labline.lab.service import Lab
    from labline.monitoring.look import Look
    from labline.workflows import Flow

MONITOR = "monitor"
#: word in the ledger
ACTION = "monitored"
#: how the id of a look begins, and the part of it that is no span of time
_BEGINS = "monitor-"
_HAND = "hand-"
#: seconds at most until it is known that labline.toml says another ``monitor.every``
_SOON = 10.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Watching:
    """What a worker does for a look at an endpoint."""

    lab: Lab

    def look(self, flow: Flow, payload: dict[str, Any]) -> Look:
        """Judge an endpoint; record and tell what has changed since the last look."""
        flow.publish("stage", f"looking at what /{payload['endpoint']} was asked")
        look = flow.step("look", lambda: self._judged(payload["endpoint"]))
        _gauge(look)
        if flow.step("compare", lambda: self._is_news(look)):
            flow.step("ledger", lambda: self._record(look, flow.id))
            for notice in telling.of_look(look, flow.id):
                self.lab.jobs.notices.send(notice)
        flow.step("retrain", lambda: self._retrain(look, flow.id))
        return look

    def _retrain(self, look: Look, key: str) -> None:
        try:
            self.lab.retraining.if_due(look, key)
        except LablineError as error:
            _log.warning("%s cannot be trained again: %s", look.model, error)

    def _judged(self, endpoint: str) -> Look:
        from labline.monitoring.look import lean

        return lean(self.lab.monitor.judge(endpoint))

    def _is_news(self, look: Look) -> bool:
        from labline.monitoring.look import is_news

        return is_news(self.lab.monitor.recorded(look.endpoint), look)

    def _record(self, look: Look, key: str) -> None:
        self.lab.ledger.append(
            actor=self.lab.whoami(),
            action=ACTION,
            model=look.model.partition("/")[0],
            subject=f"{look.model} on /{look.endpoint}",
            key=key,
            payload={
                "endpoint": look.endpoint,
                "model": look.model,
                "state": look.state,
                "says": look.says,
                "rows": look.drift.rows,
                "labels": look.realised.joined,
                "drifted": {each.column: each.value for each in look.drift.drifted},
                "dropped": {each.metric: each.value for each in look.realised.dropped},
            },
        )


def _gauge(look: Look) -> None:
    """Tell the figures to whoever watches by OpenTelemetry."""
    about = {"labline.endpoint": look.endpoint, "labline.model": look.model}
    for column in look.drift.columns:
        if column.value is not None:
            named = {**about, "column": column.column, "test": look.drift.test}
            telemetry.gauge("labline.drift", column.value, named)
    for metric in look.realised.metrics:
        if metric.value is not None:
            telemetry.gauge("labline.metric", metric.value, {**about, "metric": metric.metric})
    telemetry.gauge("labline.alarms", float(len(look.alarms)), about)


@contextmanager
def beat(lab: Lab) -> Iterator[None]:
    """Ask for a look at each endpoint every so often within the block, where the policy says so.

    The time is divided into spans of ``monitor.every``: however many workers there are, an
    endpoint is looked at once in each.
    """
    over = threading.Event()
    thread = threading.Thread(target=_beat, args=(lab, over), name="labline-monitor")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _beat(lab: Lab, over: threading.Event) -> None:
    asked, said = (0.0, 0), ""
    while not over.is_set():
        pause = _SOON
        try:
            if every := lab.rules.monitor.every:
                number = int(time.time() // every)
                pause = min(_SOON, max(0.1, (number + 1) * every - time.time()))
                if asked != (every, number):
                    asked = (every, number)
                    _ask(lab, number)
            said = ""
        except LablineError as error:
            if said != (said := str(error)):
                _log.warning("Endpoints cannot be looked at now: %s", error)
        over.wait(pause)


def _ask(lab: Lab, number: int) -> None:
    for endpoint in lab.endpoints.list():
        if endpoint.live:
            id = f"{prefix(endpoint.name)}{number}"
            lab.workflows.submit(MONITOR, {"endpoint": endpoint.name}, id=id)


def prefix(endpoint: str) -> str:
    """Return how the ids of an endpoint's looks begin; a name has no slash."""
    return f"{_BEGINS}{endpoint}/"


def by_hand(endpoint: str) -> str:
    """Return a new id for a look that somebody asks for."""
    return f"{prefix(endpoint)}{_HAND}{uuid4().hex}"


def endpoint_of(id: str) -> str:
    """Return the endpoint that the look of an id is at."""
    return id.removeprefix(_BEGINS).partition("/")[0]


def asker_of(id: str) -> str:
    """Return who asked for a look: ``clock`` or ``hand``."""
    return "hand" if id.rpartition("/")[2].startswith(_HAND) else "clock"
