"""Spans of work, in the process that :func:`sending` has opened."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from labline.errors import LablineError
from labline.settings import Settings
from labline.telemetry.otlp import Otlp

if TYPE_CHECKING:
    from labline.telemetry.sender import Sender

logger = logging.getLogger(__name__)
_senders: list[Sender] = []


@contextmanager
def sending(settings: Settings, service: str) -> Iterator[None]:
    """Send traces, metrics and logs of this process within the block, where that is set.

    Work never fails for want of it: what is wrong with the settings is logged.
    """
    sender = _sender(Otlp.of(settings), service)
    if sender is None:
        yield
        return
    _senders.append(sender)
    try:
        yield
    finally:
        _senders.remove(sender)
        sender.stop()


def _sender(otlp: Otlp, service: str) -> Sender | None:
    if not otlp.is_on:
        return None
    try:
        from labline.telemetry.sender import Sender

        return Sender(otlp, service)
    except LablineError as error:
        logger.warning("Nothing is sent by OpenTelemetry: %s", error)
        return None


@contextmanager
def span(name: str, attributes: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Be a span, within the current one; nothing where nothing is sent.

    What ends by an error is a failed span; the error goes on.
    """
    if not _senders:
        yield
        return
    with _senders[-1].span(name, attributes or {}):
        yield


def gauge(name: str, value: float, attributes: Mapping[str, str]) -> None:
    """Tell how large something is now."""
    if _senders:
        _senders[-1].gauge(name, value, attributes)


def count(kind: str, outcome: str, seconds: float) -> None:
    """Count a piece of work that ended, and how long it took."""
    if _senders:
        _senders[-1].count(kind, outcome, seconds)
