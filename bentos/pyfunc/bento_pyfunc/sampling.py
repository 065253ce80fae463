"""No more traces than are looked at: a span of a small model costs a third of its answer."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult

VARIABLE = "LABLINE_TRACES_PER_SECOND"
_MOST = 100


class AtMost(Sampler):
    """What another sampler takes, up to so many spans a second.

    What is left out keeps the ids of its trace: log lines have them, calls hand them on.

    Parameters
    ----------
    most
        Spans a second.
    """

    def __init__(
        self, inner: Sampler, most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._inner = inner
        self._most = most
        self._clock = clock
        self._second = clock()
        self._taken = 0

    def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
        """Decide on a span that begins; OpenTelemetry calls this, on the event loop."""
        found = self._inner.should_sample(*args, **kwargs)
        if not found.decision.is_sampled() or self._take():
            return found
        return SamplingResult(Decision.DROP, trace_state=found.trace_state)

    def _take(self) -> bool:
        now = self._clock()
        if now - self._second >= 1:
            self._second, self._taken = now, 0
        self._taken += 1
        return self._taken <= self._most

    def get_description(self) -> str:
        """Return what it does; OpenTelemetry asks."""
        return f"AtMost({self._most}/s, {self._inner.get_description()})"


def most(environ: Mapping[str, str] = os.environ) -> int:
    """Return how many spans a second the environment allows."""
    return int(environ.get(VARIABLE) or _MOST)
