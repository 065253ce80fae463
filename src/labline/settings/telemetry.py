"""``[telemetry]``: where traces, metrics and logs are sent."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from labline.settings.section import Section
from labline.settings.units import Duration

_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class TelemetrySettings(Section):
    """``[telemetry]``: where traces, metrics and logs are sent."""

    otlp: str | None = Field(
        None,
        description="collector that takes OTLP over HTTP: http://127.0.0.1:4318; none if unset",
    )
    headers: dict[str, str] = Field(
        default_factory=dict,
        description='sent with each request; a secret by reference: { api-key = "env:NAME" }',
    )
    signals: tuple[Literal["traces", "metrics", "logs"], ...] = Field(
        ("traces", "metrics", "logs"), description="what is sent"
    )
    environment: str = Field(
        "local", min_length=1, description="deployment.environment.name of all that is sent"
    )
    sample: float = Field(
        1.0, ge=0, le=1, description="share of the requests that are traced, unless the caller says"
    )
    traces_per_second: int = Field(
        100,
        ge=1,
        description="requests that an instance traces at most each second; the gateway begins "
        "about four fifths as many",
    )
    authorities: Path | None = Field(
        None,
        description="PEM file of the authorities that the collector's certificate is from; "
        "those of certifi if unset",
    )
    every: Duration = Field(15.0, ge=1, description="seconds (or '15s') between metrics")

    @field_validator("otlp")
    @classmethod
    def _is_url(cls, otlp: str | None) -> str | None:
        if otlp is None:
            return None
        parts = urlsplit(otlp)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise ValueError(f"{otlp!r} is no address like http://127.0.0.1:4318")
        return otlp.rstrip("/")

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name, value in headers.items():
            if not _HEADER.fullmatch(name) or not value.isprintable():
                raise ValueError(f"{name!r} is no header with a value of one line")
        return headers
