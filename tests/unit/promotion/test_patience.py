"""Steps that wait while what they need is away."""

import threading
from typing import Any

import pytest

from labline.errors import Failed, Unreachable
from labline.promotion.patience import Patient


class Flow:
    """A flow that stops when told to, and whose waits take no time."""

    id = "1"

    def __init__(self) -> None:
        self.stopping = Waits()
        self.steps: list[str] = []

    def step(self, name: str, call: Any) -> Any:
        self.steps.append(name)
        return call()

    def publish(self, key: str, value: Any) -> None:
        """Nobody looks."""

    def check(self) -> None:
        if self.stopping.is_set():
            raise InterruptedError


class Waits(threading.Event):
    """Remembers for how long it was waited."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0.0)
        return self.is_set()


def away(times: int) -> Any:
    left = iter([Unreachable("MLflow does not answer.")] * times)

    def call() -> str:
        if error := next(left, None):
            raise error
        return "there"

    return call


def test_a_step_is_tried_again_within_itself_with_growing_pauses() -> None:
    flow = Flow()
    assert Patient(flow).step("evidence", away(4)) == "there"
    assert flow.steps == ["evidence"]
    assert flow.stopping.pauses == [0.2, 0.4, 0.8, 1.6]


def test_judging_gives_up_in_the_end_and_what_was_begun_does_not() -> None:
    with pytest.raises(Unreachable, match="does not answer"):
        Patient(Flow(), limit=0.1).step("evidence", away(99))
    flow = Flow()
    assert Patient(flow, None).step("alias", away(99)) == "there"
    assert max(flow.stopping.pauses) == 10.0


def test_another_error_is_told_at_once_and_a_worker_that_stops_lets_go() -> None:
    def fails() -> None:
        raise Failed("No.")

    flow = Flow()
    with pytest.raises(Failed):
        Patient(flow).step("alias", fails)
    assert flow.stopping.pauses == []
    flow.stopping.set()
    with pytest.raises(InterruptedError):
        Patient(flow, None).step("alias", away(99))
