"""Ask a collector whether it takes what would be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labline.errors import Refused
from labline.telemetry.otlp import SIGNALS, Otlp, Signal

if TYPE_CHECKING:
    from ssl import SSLContext

_PATIENCE = 5.0
_KIND = {"Content-Type": "application/x-protobuf"}


@dataclass(frozen=True)
class Knock:
    """What came of asking for one signal."""

    signal: Signal
    endpoint: str
    ok: bool
    #: what the collector said, or why it said nothing
    said: str

    def __str__(self) -> str:
        return f"{self.signal} to {self.endpoint}: {self.said}"


def knock(otlp: Otlp) -> list[Knock]:
    """Send an empty message of each signal that is on, and return what is said.

    Raises
    ------
    Refused
        A variable that a header refers to is not set, or the file of authorities is not there.
    """
    found = ((signal, otlp.endpoint(signal)) for signal in SIGNALS)
    return [_knock(otlp, signal, url) for signal, url in found if url]


def _knock(otlp: Otlp, signal: Signal, url: str) -> Knock:
    import httpx

    headers, trusted = _KIND | otlp.headers(signal), _trusted(otlp.authorities)
    try:
        # No bytes are a whole protobuf message: one with nothing in it.
        answer = httpx.post(url, content=b"", headers=headers, timeout=_PATIENCE, verify=trusted)
    except httpx.HTTPError as error:
        return Knock(signal, url, False, str(error) or type(error).__name__)
    said = "taken" if answer.is_success else f"{answer.status_code} {answer.reason_phrase}"
    return Knock(signal, url, answer.is_success, said)


def _trusted(authorities: str | None) -> SSLContext | bool:
    import ssl

    if authorities is None:
        return True
    try:
        return ssl.create_default_context(cafile=authorities)
    except ssl.SSLError:
        raise Refused(
            f"{authorities} holds no certificates of authorities in PEM.",
            fix="Correct [telemetry] authorities, or OTEL_EXPORTER_OTLP_CERTIFICATE.",
        ) from None
