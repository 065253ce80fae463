"""OpenTelemetry's SDK as labline's own processes use it; loaded only where something is sent.

A Bento has the same on its own (``bento_pyfunc.signals``), for it does not need labline.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from labline import __version__
from labline.telemetry.logs import OtlpHandler, Seldom
from labline.telemetry.otlp import Otlp, Signal

#: seconds that the last signals get to be sent when the process ends
_LAST = 2.0
_SCOPE = "labline"
#: seconds; jobs take from less than one to hours
_BUCKETS = (0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 4 * 3600.0)


class Sender:
    """Sends the signals of this process, from threads of their own.

    Queues are bounded: what does not fit while the collector is away is dropped, and nobody waits.

    Raises
    ------
    Refused
        A variable that a header refers to is not set.
    """

    def __init__(self, otlp: Otlp, service: str) -> None:
        instance = f"{socket.gethostname()}:{os.getpid()}"
        about = {"service.version": __version__, "service.instance.id": instance}
        resource = Resource.create(otlp.resource(service, about))
        self._traces = _traces(otlp, resource)
        self._metrics = _metrics(otlp, resource)
        self._logs = LoggerProvider(resource=resource, shutdown_on_exit=False)
        self._handler = _handler(otlp, self._logs)
        self._quiet = Seldom.on_all()
        self._gauges: dict[str, Any] = {}
        self._tracer = self._traces.get_tracer(_SCOPE, __version__)
        self._seconds = self._metrics.get_meter(_SCOPE, __version__).create_histogram(
            "labline.work.duration",
            unit="s",
            description="Seconds that a job, promotion, deployment or rollout took.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Any]) -> Iterator[None]:
        """Be a span within the current one."""
        with self._tracer.start_as_current_span(name, attributes=attributes):
            yield

    def count(self, kind: str, outcome: str, seconds: float) -> None:
        """Count a piece of work that ended."""
        self._seconds.record(seconds, {"labline.work": kind, "labline.outcome": outcome})

    def gauge(self, name: str, value: float, attributes: Mapping[str, str]) -> None:
        """Tell how large something is now."""
        if name not in self._gauges:
            meter = self._metrics.get_meter(_SCOPE, __version__)
            self._gauges[name] = meter.create_gauge(name)
        self._gauges[name].set(value, dict(attributes))

    def stop(self) -> None:
        """Send what is left, within seconds: a collector that is away holds up no end."""
        if self._handler:
            logging.getLogger().removeHandler(self._handler)
        providers = (self._traces, self._metrics, self._logs)
        threads = [threading.Thread(target=each.shutdown, daemon=True) for each in providers]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + _LAST
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._quiet.off()


class Trusting(requests.Session):
    """Trusts the authorities that an exporter is told of.

    In a plain session REQUESTS_CA_BUNDLE, where a machine sets it for all, would win over them.
    """

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Return how one request is sent; requests calls this."""
        own = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, own, cert)


def _traces(otlp: Otlp, resource: Resource) -> TracerProvider:
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    if endpoint := otlp.endpoint("traces"):
        exporter = OTLPSpanExporter(endpoint, **_access(otlp, "traces"))
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _metrics(otlp: Otlp, resource: Resource) -> MeterProvider:
    readers = []
    if endpoint := otlp.endpoint("metrics"):
        exporter = OTLPMetricExporter(endpoint, **_access(otlp, "metrics"))
        every = 1000 * otlp.settings.telemetry.every
        own = None if "OTEL_METRIC_EXPORT_INTERVAL" in otlp.environ else every
        readers.append(PeriodicExportingMetricReader(exporter, own))
    return MeterProvider(readers, resource=resource, shutdown_on_exit=False)


def _handler(otlp: Otlp, provider: LoggerProvider) -> OtlpHandler | None:
    endpoint = otlp.endpoint("logs")
    if endpoint is None:
        return None
    exporter = OTLPLogExporter(endpoint, **_access(otlp, "logs"))
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    handler = OtlpHandler(provider.get_logger(_SCOPE, __version__))
    logging.getLogger().addHandler(handler)
    return handler


def _access(otlp: Otlp, signal: Signal) -> dict[str, Any]:
    trusted = {"session": Trusting(), "certificate_file": otlp.authorities}
    return {"headers": otlp.headers(signal), **trusted}
