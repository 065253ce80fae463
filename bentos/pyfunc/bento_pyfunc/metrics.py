"""Prometheus metrics of /predict; they stand beside BentoML's own on /metrics."""

from __future__ import annotations

import os

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST.encode()

REQUESTS = Counter(
    "labline_predict_requests", "Requests to /predict by HTTP status.", ["model", "status"]
)
SECONDS = Histogram(
    "labline_predict_seconds",
    "Seconds from the request's headers to its answer.",
    ["model"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)

KEPT = Counter("labline_records_kept", "Predictions that were written to the log.", ["model"])
LOST = Counter(
    "labline_records_lost",
    "Predictions that the log lost: too large, too many waiting, or the disk took none.",
    ["model", "reason"],
)


class PredictMetrics:
    """Counts and times the requests of one model."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._counts: dict[int, Counter] = {}
        self._seconds = SECONDS.labels(model)

    def observe(self, status: int, seconds: float) -> None:
        """Record one answered request."""
        count = self._counts.get(status)
        if count is None:
            count = self._counts[status] = REQUESTS.labels(self._model, str(status))
        count.inc()
        self._seconds.observe(seconds)


class RecordMetrics:
    """Counts what the prediction log of one model keeps and loses."""

    def __init__(self, model: str) -> None:
        self._model = model
        # Zero is told too: who watches for losses sees that there are none.
        self._kept = KEPT.labels(model)
        self._lost = {reason: LOST.labels(model, reason) for reason in ("size", "queue", "disk")}

    def kept(self, many: int) -> None:
        """Count records that were written."""
        self._kept.inc(many)

    def lost(self, reason: str, many: int = 1) -> None:
        """Count records that were lost."""
        self._lost[reason].inc(many)


def page() -> bytes | None:
    """Return /metrics: of all instances of the endpoint where they count together, else one's own.

    ``None`` where BentoML collects its own processes.
    """
    if "LABLINE_METRICS" in os.environ:
        return _of_all(os.environ["LABLINE_METRICS"])
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        return None
    return generate_latest(REGISTRY)


def _of_all(folder: str) -> bytes:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, folder)
    while True:
        try:
            return generate_latest(registry)
        except FileNotFoundError:
            # An instance was taken away meanwhile, and its file with it.
            continue
