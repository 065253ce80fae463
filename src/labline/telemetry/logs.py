"""Python's log as OpenTelemetry records, each with the trace that it belongs to."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field

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
    return LogRecord(
        timestamp=int(record.created * 1e9),
        severity_text=record.levelname,
        severity_number=_severity(record.levelno),
        body=record.getMessage(),
        attributes={"logger": record.name},
        exception=record.exc_info[1] if record.exc_info else None,
    )


def _severity(level: int) -> SeverityNumber:
    return next((found for least, found in _SEVERITIES if level >= least), SeverityNumber.DEBUG)


@dataclass
class Seldom:
    """Lets the exporters complain once a minute, not at every try."""

    handlers: list[logging.Handler] = field(default_factory=list)
    _last: float | None = None

    @classmethod
    def on_all(cls) -> Seldom:
        """Stand before every handler that there is now."""
        # The last resort, too: without a handler, warnings go to standard error.
        made = cls([*logging.getLogger().handlers, *filter(None, [logging.lastResort])])
        for handler in made.handlers:
            handler.addFilter(made.lets)
        return made

    def off(self) -> None:
        """Go."""
        for handler in self.handlers:
            handler.removeFilter(self.lets)

    def lets(self, record: logging.LogRecord) -> bool:
        """Tell whether a record passes; logging calls this."""
        if not record.name.startswith("opentelemetry"):
            return True
        now = time.monotonic()
        if self._last is not None and now - self._last < _QUIET:
            return False
        self._last = now
        return True
