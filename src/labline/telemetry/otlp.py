"""Where signals go: ``[telemetry]``, and the standard environment variables, which win.

References: OpenTelemetry protocol exporter (``OTEL_EXPORTER_OTLP_*``) and SDK configuration.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

from labline.errors import Refused
from labline.settings import Settings

Signal = Literal["traces", "metrics", "logs"]
SIGNALS: tuple[Signal, ...] = ("traces", "metrics", "logs")
_PREFIX = "OTEL_EXPORTER_OTLP_"
_AUTHORITIES = f"{_PREFIX}CERTIFICATE"
_TRACES_PER_SECOND = "LABLINE_TRACES_PER_SECOND"


@dataclass(frozen=True)
class Otlp:
    """Where the signals of one project go, seen from one process."""

    settings: Settings
    environ: Mapping[str, str]

    @classmethod
    def of(cls, settings: Settings, environ: Mapping[str, str] = os.environ) -> Otlp:
        """Return where they go as `environ` and the settings say."""
        return cls(settings, environ)

    @property
    def is_on(self) -> bool:
        """Whether any signal goes anywhere."""
        return any(self.endpoint(signal) for signal in SIGNALS)

    def endpoint(self, signal: Signal) -> str | None:
        """Return the URL that a signal is sent to; None where it is not sent."""
        if self._get("OTEL_SDK_DISABLED").lower() == "true":
            return None
        if self._get(f"OTEL_{signal.upper()}_EXPORTER") == "none":
            return None
        own = self._get(f"{_PREFIX}{signal.upper()}_ENDPOINT")
        if own:
            return own
        common = self._get(f"{_PREFIX}ENDPOINT")
        return f"{common.rstrip('/')}/v1/{signal}" if common else self._own(signal)

    def _own(self, signal: Signal) -> str | None:
        """Return where ``[telemetry]`` alone sends a signal."""
        telemetry = self.settings.telemetry
        wanted = telemetry.otlp is not None and signal in telemetry.signals
        return f"{telemetry.otlp}/v1/{signal}" if wanted else None

    def headers(self, signal: Signal) -> dict[str, str]:
        """Return the headers of a signal's requests, with the secrets that they refer to.

        Raises
        ------
        Refused
            A variable that is referred to is not set.
        """
        wanted = self.references(signal)
        return {name: self._secret(name, value) for name, value in wanted.items()}

    def references(self, signal: Signal) -> dict[str, str]:
        """Return the headers of a signal's requests; secrets as they are referred to."""
        given = self._get(f"{_PREFIX}{signal.upper()}_HEADERS") or self._get(f"{_PREFIX}HEADERS")
        if given:
            return _parsed(given)
        # The key of one system is none of another's.
        mine = self.endpoint(signal) == self._own(signal)
        return dict(self.settings.telemetry.headers) if mine else {}

    @property
    def authorities(self) -> str | None:
        """File of the authorities that collectors' certificates are from; None: the usual ones.

        Raises
        ------
        Refused
            The file is not there.
        """
        own = self.settings.telemetry.authorities
        path = self._get(_AUTHORITIES) or (str(self.settings.root / own) if own else "")
        if path and not Path(path).is_file():
            raise Refused(
                f"The certificate authorities of the collector are not there: {path}",
                fix=f"Correct [telemetry] authorities, or {_AUTHORITIES}.",
            )
        return path or None

    def resource(self, service: str, attributes: Mapping[str, str]) -> dict[str, str]:
        """Return the resource attributes of a process; those of the environment win."""
        where = self.settings.telemetry.environment
        return {
            "service.name": service,
            "service.namespace": self.settings.project.name,
            "deployment.environment.name": where,
            # What it was called until 1.27 of the conventions, and still is by many.
            "deployment.environment": where,
            **attributes,
            **_parsed(self._get("OTEL_RESOURCE_ATTRIBUTES")),
            **({"service.name": name} if (name := self._get("OTEL_SERVICE_NAME")) else {}),
        }

    def variables(self, service: str, attributes: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a process that knows OpenTelemetry, not labline.

        Empty where nothing is sent.

        Raises
        ------
        Refused
            A variable that a header refers to is not set.
        """
        if not self.is_on:
            return {}
        resource = self.resource(service, attributes)
        every = f"{1000 * self.settings.telemetry.every:.0f}"
        found = {
            "OTEL_SERVICE_NAME": resource.pop("service.name"),
            "OTEL_RESOURCE_ATTRIBUTES": _joined(resource),
            "OTEL_METRIC_EXPORT_INTERVAL": self._get("OTEL_METRIC_EXPORT_INTERVAL") or every,
            _TRACES_PER_SECOND: str(self.settings.telemetry.traces_per_second),
        }
        if authorities := self.authorities:
            found[_AUTHORITIES] = authorities
        for signal in SIGNALS:
            found |= self._receiver(signal)
        return found

    def _receiver(self, signal: Signal) -> dict[str, str]:
        endpoint = self.endpoint(signal)
        if endpoint is None:
            return {f"OTEL_{signal.upper()}_EXPORTER": "none"}
        headers = _joined(self.headers(signal))
        own = f"{_PREFIX}{signal.upper()}"
        return {f"{own}_ENDPOINT": endpoint, **({f"{own}_HEADERS": headers} if headers else {})}

    def _get(self, name: str) -> str:
        return self.environ.get(name, "").strip()

    def _secret(self, header: str, value: str) -> str:
        name = value.removeprefix("env:")
        if name == value:
            return value
        if not self.environ.get(name):
            raise Refused(
                f"[telemetry] headers: {header!r} refers to env:{name}, which is not set.",
                fix=f"Set {name} where labline up is run, or remove the header.",
            )
        return self.environ[name]


def _parsed(text: str) -> dict[str, str]:
    """Return the pairs of ``name=value,name=value``; values are percent-encoded."""
    pairs = (pair.partition("=") for pair in text.split(",") if "=" in pair)
    return {name.strip(): unquote(value.strip()) for name, _, value in pairs}


def _joined(pairs: Mapping[str, str]) -> str:
    return ",".join(f"{name}={quote(value, safe='/:@')}" for name, value in pairs.items())
