"""One thread that looks at the stores and tells every client what has changed."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from labline.errors import LablineError
from labline.server.answers import plain

if TYPE_CHECKING:
    from labline.server.bench import Bench

Tell = Callable[[Mapping[str, Any]], None]
#: events that are kept for clients that come back
KEPT = 2000
#: newest records of a kind that are watched
_NEWEST = 100
#: a look may take this part of the thread's time: what is slow is looked at less often
_PART = 0.1


@dataclass(frozen=True)
class Source:
    """Records of one kind."""

    #: what their events are called
    type: str
    #: seconds between two looks
    period: float
    #: given a Lab
    look: Callable[[Any], Mapping[str, Any]]


def _by_id(records: Any, key: str = "id") -> dict[str, Any]:
    return {str(getattr(record, key)): record for record in records}


SOURCES = (
    Source("platform", 1.0, lambda lab: {"platform": lab.errands.platform.look()}),
    Source("job", 0.5, lambda lab: _by_id(lab.jobs.list(limit=_NEWEST))),
    Source("promotion", 1.0, lambda lab: _by_id(lab.errands.promotions.list(limit=_NEWEST))),
    Source("deployment", 1.0, lambda lab: _by_id(lab.errands.deployments.list(limit=_NEWEST))),
    Source("endpoint", 3.0, lambda lab: _by_id(lab.views.endpoints.rows(), "name")),
    Source("monitor", 5.0, lambda lab: lab.views.monitors.newest()),
    Source("schedule", 5.0, lambda lab: _by_id(lab.jobs.schedules.list(), "name")),
    Source("run", 3.0, lambda lab: _by_id(lab.runs(limit=_NEWEST))),
    Source("model", 5.0, lambda lab: _by_id(lab.views.models.rows(), "name")),
)


class Watcher:
    """Looks while somebody listens; what changed while nobody did is told to the next.

    Parameters
    ----------
    bench
        Opens the Lab.
    sources
        What to look at.
    """

    def __init__(self, bench: Bench, sources: tuple[Source, ...] = SOURCES) -> None:
        self._bench = bench
        self._sources = sources
        self._known: dict[str, dict[str, bytes]] = {}
        self._away: dict[str, bytes] = {}
        self._due: dict[str, float] = {}
        self._listeners: list[Tell] = []
        self._kept: deque[Mapping[str, Any]] = deque(maxlen=KEPT)
        # A server that is started again begins above all that another has told.
        self._seq = int(time.time() * 1000)
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    # -- listeners -----------------------------------------------------------------------------

    def join(self, tell: Tell) -> int:
        """Tell a client from now on, and return the number of the last event before."""
        with self._lock:
            self._listeners.append(tell)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="labline-watcher")
                self._thread.daemon = True
                self._thread.start()
            return self._seq

    def leave(self, tell: Tell) -> None:
        """Tell a client no more; with the last one the looking ends."""
        with self._lock:
            self._listeners = [item for item in self._listeners if item is not tell]
        self._wake.set()

    def since(self, seq: int) -> list[Mapping[str, Any]] | None:
        """Return the events after one; None where they are not all kept any more."""
        with self._lock:
            kept = list(self._kept)
            first = kept[0]["seq"] if kept else self._seq + 1
            if seq > self._seq or seq < first - 1:
                return None
        return [event for event in kept if event["seq"] > seq]

    def poke(self) -> None:
        """Look now: something was asked for."""
        self._due.clear()
        self._wake.set()

    # -- looking -------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._listeners:
                    self._thread = None
                    return
            for source in self._sources:
                if time.monotonic() >= self._due.get(source.type, 0.0):
                    self._look(source)
            self._wake.wait(max(0.05, min(self._due.values(), default=1.0) - time.monotonic()))
            self._wake.clear()

    def _look(self, source: Source) -> None:
        first = source.type not in self._known
        began = time.monotonic()
        try:
            lab = self._bench.open()
            found = {id: _json(record) for id, record in source.look(lab).items()}
        except LablineError as error:
            self._set_away(source, orjson.dumps(error.to_dict(), default=str))
        except Exception:
            # One look that failed must not end all looking.
            logging.getLogger(__name__).exception("labline could not look at %ss", source.type)
        else:
            self._set_away(source, b"null")
            self._compare(source, found)
        cost = time.monotonic() - began
        # The first look loads what it needs: it says nothing of what the next one costs.
        pause = source.period if first else max(source.period, cost / _PART)
        self._due[source.type] = time.monotonic() + pause

    def _set_away(self, source: Source, failure: bytes) -> None:
        if self._away.get(source.type, b"null") != failure:
            self._away[source.type] = failure
            self._tell("away", source.type, orjson.loads(failure))

    def _compare(self, source: Source, found: dict[str, bytes]) -> None:
        known = self._known.get(source.type)
        self._known[source.type] = found
        if known is None:
            # What changed between a client's question and this first look, no event has told.
            self._tell("watched", source.type, None)
            return
        for id, record in found.items():
            if known.get(id) != record:
                self._tell(source.type, id, orjson.loads(record))
        # Beyond the newest that are watched a record is not gone, only old.
        if len(found) < _NEWEST:
            for id in known.keys() - found.keys():
                self._tell(source.type, id, None)

    def _tell(self, type: str, id: str, data: Any) -> None:
        with self._lock:
            self._seq += 1
            event = {"seq": self._seq, "type": type, "id": id, "data": data}
            self._kept.append(event)
            listeners = list(self._listeners)
        for tell in listeners:
            tell(event)


def _json(record: Any) -> bytes:
    return orjson.dumps(record, option=orjson.OPT_NON_STR_KEYS, default=plain)
