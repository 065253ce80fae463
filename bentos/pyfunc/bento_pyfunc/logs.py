"""Python's log as OpenTelemetry records, each with the trace that it belongs to."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from opentelemetry._logs import Logger, LogRecord, SeverityNumber

#: seconds between two lines about a collector that is away
_QUIET = 60.0
_SEVERITIES = (
    (logging.CRITICAL, SeverityNumber.FATAL),
    (logging.ERROR, SeverityNumber.ERROR),
    (logging.WARNING, SeverityNumber.WARN),
    (logging.INFO, SeverityNumber.INFO),
)


class OtlpHandler(logging.Handler):
    """Hands what is logged to OpenTelemetry; the current span's ids come with it."""

    def __init__(self, logger: Logger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record; logging calls this."""
        # What is said about sending would be sent, and said again.
        if record.name.startswith(("opentelemetry", "urllib3")):
            return
        try:
            self._logger.emit(_translated(record))
        except Exception:  # noqa: BLE001 - a log line never fails what logs it
            self.handleError(record)


def _translated(record: logging.LogRecord) -> LogRecord:
    error = record.exc_info[1] if record.exc_info else None
    attributes: dict[str, Any] = {"logger": record.name}
    return LogRecord(
        timestamp=int(record.created * 1e9),
        severity_text=record.levelname,
        severity_number=_severity(record.levelno),
        body=record.getMessage(),
        attributes=attributes,
        exception=error,
    )


def _severity(level: int) -> SeverityNumber:
    return next((found for least, found in _SEVERITIES if level >= least), SeverityNumber.DEBUG)


def quieten() -> None:
    """Let the exporters complain once a minute on each handler, not at every try."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(_seldom())


def _seldom() -> Callable[[logging.LogRecord], bool]:
    last: float | None = None

    def lets(record: logging.LogRecord) -> bool:
        nonlocal last
        if not record.name.startswith("opentelemetry"):
            return True
        now = time.monotonic()
        if last is not None and now - last < _QUIET:
            return False
        last = now
        return True

    return lets
