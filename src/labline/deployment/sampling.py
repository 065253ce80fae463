"""No more traces than are looked at: the gateway begins about so many a second.

A span costs Envoy 0.05 ms, a third of a request, and whoever keeps spans counts them. The gateway
decides, as it is asked first: a trace is there as a whole or not at all. Envoy traces a share of
the requests; the share follows how many come, by a file that Envoy watches.

References: Envoy v3 API, ``service.runtime.v3.Runtime``; runtime key ``tracing.random_sampling``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from labline.deployment import discovery, web
from labline.deployment.places import Places

#: name of the layer of Envoy's runtime that says the share
LAYER = "sampling"
_QUERY = "/stats?format=json&filter=^http[.]gateway[.]downstream_rq_total$"
#: seconds between two counts, at least
_APART = 1.0
#: of what an instance traces at most: it is to have a span of its own for each that begins here
_AIM = 0.8
#: a new share that is so near to the old one, relatively, is not said
_NEAR = 0.1


def layer(share: float) -> discovery.Json:
    """Return the runtime layer that has Envoy trace a share of the requests."""
    # Envoy draws one of ten thousand: a finer part would be all. A bare number would be percent.
    part = {"numerator": math.ceil(1e4 * share), "denominator": "TEN_THOUSAND"}
    return {"name": LAYER, "layer": {"tracing.random_sampling": part}}


@dataclass
class Sampling:
    """The share of its requests that one project's gateway traces."""

    places: Places
    #: share that is traced while few requests come
    share: float
    #: traces a second that an instance takes part in
    most: int
    clock: Callable[[], float] = time.monotonic
    _counted: tuple[float, int] | None = field(default=None, init=False)
    _said: float = field(default=0.0, init=False)

    def look(self) -> None:
        """Count the requests since the last look, and say the share that they ask for."""
        now = self.clock()
        if self._counted and now - self._counted[0] < _APART:
            return
        requests = self._requests()
        before, self._counted = self._counted, None if requests is None else (now, requests)
        if requests is None or before is None or requests < before[1]:
            return  # the first look at a gateway
        share = self._wanted((requests - before[1]) / (now - before[0]))
        if self._is_news(share):
            discovery.hand_over(self.places, "rtds", [layer(share)])
            self._said = share

    def _wanted(self, per_second: float) -> float:
        return min(self.share, _AIM * self.most / per_second) if per_second else self.share

    def _is_news(self, share: float) -> bool:
        near = abs(share - self._said) <= _NEAR * self._said
        return share != self._said and (share == self.share or not near)

    def _requests(self) -> int | None:
        answer = web.get(self.places.admin, _QUERY)
        found = (answer.json() or {}).get("stats", []) if answer else []
        return next((each["value"] for each in found if "value" in each), None)
