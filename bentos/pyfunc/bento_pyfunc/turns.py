"""Requests wait their turn for the one thread that predicts; where it pays, several go together.

Nothing waits for company: what has queued up while the model worked is taken together when it is
free again, so a lone request is answered at once and a busy service catches up.
"""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from typing import NamedTuple, Protocol

from bento_pyfunc.media import Exchange
from bento_pyfunc.problems import busy

#: more than this waits in vain: whoever asked has given up by then
_MOST_WAITING = 512
_MOST_BYTES = 2**28


class Order(NamedTuple):
    """A request as the predictor takes it."""

    body: bytes
    exchange: Exchange
    verb: str


class Answers(Protocol):
    """What answers orders; called from one thread at a time."""

    #: most orders that :meth:`answer_all` takes at once; 1 where that does not pay
    together: int

    def answer(self, body: bytes, exchange: Exchange, verb: str) -> bytes:
        """Return the body of the response, or raise."""

    def answer_all(self, orders: list[Order]) -> list[bytes | Exception]:
        """Return for each order the body of its response, or the error it ends with."""


class _Turn(NamedTuple):
    order: Order
    future: asyncio.Future[bytes]
    #: what the model logs belongs to the request's trace, where there is one
    context: Context


class Turns:
    """The queue and its thread; all but the work itself runs on the event loop."""

    def __init__(self) -> None:
        # One thread: predictions queue up instead of fighting for the interpreter, and a model
        # need not be thread-safe.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="predict")
        self._waiting: deque[_Turn] = deque()
        self._open = self._bytes = 0

    @property
    def free(self) -> bool:
        """Whether nothing works or waits: only then may the event loop call the model itself."""
        return not self._open

    def take(self, answers: Answers, order: Order) -> asyncio.Future[bytes]:
        """Queue an order; a future that is cancelled in time is passed over.

        Raises
        ------
        Problem
            503: too much waits already.
        """
        size = len(order.body)
        if self._open >= _MOST_WAITING or (self._open and self._bytes + size > _MOST_BYTES):
            raise busy()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bytes] = loop.create_future()
        self._open, self._bytes = self._open + 1, self._bytes + size
        self._waiting.append(_Turn(order, future, copy_context()))
        self._thread.submit(self._work, answers, loop, size)
        return future

    # -- on the thread ----------------------------------------------------------------------

    def _work(self, answers: Answers, loop: asyncio.AbstractEventLoop, size: int) -> None:
        turns = self._next(answers.together)
        outcomes = turns[0].context.run(_answered, answers, turns) if turns else []
        loop.call_soon_threadsafe(self._settle, turns, outcomes, size)

    def _next(self, most: int) -> list[_Turn]:
        """Return the turns to take now: none where others took this one along."""
        turns: list[_Turn] = []
        while self._waiting and len(turns) < most:
            turn = self._waiting.popleft()
            if not turn.future.cancelled():
                turns.append(turn)
        return turns

    # -- on the event loop again ------------------------------------------------------------

    def _settle(self, turns: list[_Turn], outcomes: list[bytes | Exception], size: int) -> None:
        self._open, self._bytes = self._open - 1, self._bytes - size
        for turn, outcome in zip(turns, outcomes, strict=True):
            if turn.future.done():
                continue
            if isinstance(outcome, Exception):
                turn.future.set_exception(outcome)
            else:
                turn.future.set_result(outcome)


def _answered(answers: Answers, turns: list[_Turn]) -> list[bytes | Exception]:
    try:
        if len(turns) > 1:
            return answers.answer_all([turn.order for turn in turns])
        return [answers.answer(*turns[0].order)]
    except Exception as error:  # noqa: BLE001 - whoever asked gets it
        return [error] * len(turns)
    except BaseException as error:  # noqa: BLE001 - a model that exits must not leave them waiting
        return [RuntimeError(f"The model raised {type(error).__name__}.")] * len(turns)
