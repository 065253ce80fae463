"""``[gateway]``: where endpoints are served, to how many, and what is kept of it."""

from __future__ import annotations

import math
from pathlib import Path

from pydantic import Field, model_validator

from labline.settings.section import Section
from labline.settings.units import Duration, Size

#: seconds between two looks into a bucket; Envoy has no shorter ones
_SHORTEST = 0.05


class TlsSettings(Section):
    """``tls`` of the gateway: it speaks HTTPS."""

    certificate: Path = Field(description="PEM file with the certificate and those above it")
    key: Path = Field(description="PEM file with the private key")


class RateSettings(Section):
    """``rate`` of the gateway: requests that an endpoint takes; more are answered 429."""

    requests: int = Field(ge=1, le=1_000_000, description="requests that are let through")
    per: Duration = Field(
        1.0, ge=_SHORTEST, le=86_400, description="seconds (or '1m') that `requests` are for"
    )
    burst: int | None = Field(
        None, ge=1, le=1_000_000, description="requests at once after a quiet time; as `requests`"
    )

    @property
    def fill(self) -> tuple[int, float]:
        """Requests that are let through anew at a time, and the seconds between two times."""
        tokens = max(1, math.ceil(_SHORTEST * self.requests / self.per))
        return tokens, max(_SHORTEST, tokens * self.per / self.requests)

    @property
    def most(self) -> int:
        """Requests at once."""
        return max(self.burst or self.requests, self.fill[0])


class AccessLogSettings(Section):
    """``access_log`` of the gateway: a line of JSON for each request."""

    enabled: bool = Field(True, description="whether requests are logged")
    size: Size = Field(
        20 * 2**20, ge=2**16, description="bytes (or '20MiB') after which a new file is begun"
    )
    kept: int = Field(5, ge=1, le=100, description="older files that are kept")


class GatewaySettings(Section):
    """``[gateway]``: where endpoints are served."""

    host: str = Field("127.0.0.1", description="address to listen on; loopback unless told")
    port: int = Field(8490, ge=1, le=65535, description="port of the gateway")
    tls: TlsSettings | None = Field(None, description="certificate and key; HTTP if unset")
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="port of the Prometheus page /metrics; none if unset"
    )
    metrics_host: str = Field("127.0.0.1", description="address of the Prometheus page")
    access_log: AccessLogSettings = AccessLogSettings()
    rate: RateSettings | None = Field(
        None, description="requests that each endpoint takes: { requests = 100, per = '1s' }"
    )
    rates: dict[str, RateSettings] = Field(
        default_factory=dict, description="the same for an endpoint by name"
    )
    timeout: Duration = Field(
        60.0, ge=0.1, le=3600, description="seconds until an unanswered request ends with 504"
    )
    connections: int = Field(
        10_000, ge=1, le=1_000_000, description="clients that are connected at a time"
    )
    concurrency: int = Field(
        1024, ge=1, le=100_000, description="requests of one release under way at a time"
    )
    headers: Size = Field(
        60 * 1024, ge=2048, le=8 * 2**20, description="bytes (or '60KiB') of a request's headers"
    )

    @model_validator(mode="after")
    def _ports_differ(self) -> GatewaySettings:
        if self.metrics_port == self.port:
            raise ValueError(f"port and metrics_port are both {self.port}; give each its own")
        return self

    def rate_of(self, endpoint: str) -> RateSettings | None:
        """Return how many requests an endpoint takes; None: any."""
        return self.rates.get(endpoint, self.rate)
