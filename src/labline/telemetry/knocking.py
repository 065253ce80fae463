"""Ask a collector whether it takes what would be sent."""

from __future__ import annotations

from dataclasses import dataclass

from labline.telemetry.otlp import SIGNALS, Otlp, Signal

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
        A variable that a header refers to is not set.
    """
    found = ((signal, otlp.endpoint(signal)) for signal in SIGNALS)
    return [_knock(signal, url, otlp.headers(signal)) for signal, url in found if url]


def _knock(signal: Signal, url: str, headers: dict[str, str]) -> Knock:
    import httpx

    try:
        # No bytes are a whole protobuf message: one with nothing in it.
        answer = httpx.post(url, content=b"", headers=_KIND | headers, timeout=_PATIENCE)
    except httpx.HTTPError as error:
        return Knock(signal, url, False, str(error) or type(error).__name__)
    said = "taken" if answer.is_success else f"{answer.status_code} {answer.reason_phrase}"
    return Knock(signal, url, answer.is_success, said)
