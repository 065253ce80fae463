"""Traces, metrics and logs of this process, sent by OTLP over HTTP from threads of their own.

All settings are the standard environment variables: endpoints, headers, sampler, resource,
intervals. Whoever makes a signal never waits: queues are bounded, and what does not fit while the
collector is away is dropped.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from typing import Any

import requests
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from bento_pyfunc.logs import OtlpHandler, quieten
from bento_pyfunc.sampling import Limit, most
from bento_pyfunc.spans import Spans

#: seconds that the last signals get to be sent when the process ends
_LAST = 2.0
_SCOPE = "bento_pyfunc"


class Signals:
    """What sends the signals of one process.

    Parameters
    ----------
    attributes
        What the process is, as far as the environment does not say otherwise.
    """

    def __init__(self, attributes: Mapping[str, str]) -> None:
        resource = Resource.create(attributes).merge(OTELResourceDetector().detect())
        traces = TracerProvider(resource=resource, shutdown_on_exit=False)
        metrics = MeterProvider(_readers(), resource=resource, shutdown_on_exit=False)
        logs = LoggerProvider(resource=resource, shutdown_on_exit=False)
        if _wanted("traces"):
            traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(session=Trusting())))
        if _wanted("logs"):
            logs.add_log_record_processor(
                BatchLogRecordProcessor(OTLPLogExporter(session=Trusting()))
            )
            logging.getLogger().addHandler(OtlpHandler(logs.get_logger(_SCOPE)))
        quieten()
        self._providers = (traces, metrics, logs)
        self.spans = Spans(traces, Limit(most()))
        self.meter = metrics.get_meter(_SCOPE)

    def stop(self) -> None:
        """Send what is left, within seconds: a collector that is away holds up no end."""
        threads = [
            threading.Thread(target=provider.shutdown, daemon=True) for provider in self._providers
        ]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + _LAST
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


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


def _readers() -> list[PeriodicExportingMetricReader]:
    if not _wanted("metrics"):
        return []
    return [PeriodicExportingMetricReader(OTLPMetricExporter(session=Trusting()))]


def _wanted(signal: str) -> bool:
    return os.environ.get(f"OTEL_{signal.upper()}_EXPORTER", "otlp") != "none"
