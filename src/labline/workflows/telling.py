"""What is told of a workflow's run by OpenTelemetry."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from labline.telemetry import spans
from labline.workflows.flow import Interrupted

#: of a payload what says which piece of work it is; never its values, which may be private
_TOLD = ("model", "candidate", "stage", "endpoint", "release", "path", "name", "experiment")


@contextmanager
def told(name: str, id: str, payload: Mapping[str, Any]) -> Iterator[None]:
    """Be the span of a run, and count how it ended."""
    start, outcome = time.monotonic(), "failed"
    try:
        with spans.span(name, {"labline.workflow.id": id, **_about(payload)}):
            yield
        outcome = "succeeded"
    except Interrupted:
        outcome = "interrupted"
        raise
    finally:
        spans.count(name, outcome, time.monotonic() - start)


def _about(payload: Mapping[str, Any]) -> dict[str, str]:
    return {f"labline.{key}": str(payload[key]) for key in _TOLD if payload.get(key) is not None}
