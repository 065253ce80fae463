"""OpenTelemetry of the service, where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says where it goes.

Without it nothing is imported and nothing stands in a request's way.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from bento_pyfunc.spec import Spec

if TYPE_CHECKING:
    from bento_pyfunc.front import App

_SIGNALS = ("", "TRACES_", "METRICS_", "LOGS_")


def is_on(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment names a collector."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    return any(environ.get(f"OTEL_EXPORTER_OTLP_{signal}ENDPOINT") for signal in _SIGNALS)


def around(app: App, spec: Spec) -> App:
    """Return `app` watched, where the environment asks for it; else `app` itself."""
    if not is_on():
        return app
    import atexit

    from bento_pyfunc.signals import Signals
    from bento_pyfunc.watch import Watch

    signals = Signals(_resource(spec))
    atexit.register(signals.stop)
    return Watch(signals, spec).around(app)


def _resource(spec: Spec) -> dict[str, str]:
    """Return what this process is; ``OTEL_SERVICE_NAME`` and ``OTEL_RESOURCE_ATTRIBUTES`` win."""
    return {
        "service.name": spec.name,
        "service.version": str(spec.version),
        "labline.model.name": spec.name,
        "labline.model.version": str(spec.version),
    }
