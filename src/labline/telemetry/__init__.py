"""Telemetry: what labline's own processes tell of their work by OpenTelemetry.

:func:`span` costs nothing, and imports nothing, in a process that sends nothing.
"""

from labline.telemetry.knocking import knock
from labline.telemetry.otlp import SIGNALS, Otlp, Signal
from labline.telemetry.spans import gauge, sending, span

__all__ = ["SIGNALS", "Otlp", "Signal", "gauge", "knock", "sending", "span"]
