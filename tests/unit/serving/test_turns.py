"""The queue before the model, and going through it together."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import orjson
import pytest
from bento_pyfunc import batches, turns
from bento_pyfunc.media import JSON
from bento_pyfunc.predictor import Predictor
from bento_pyfunc.problems import Problem
from bento_pyfunc.turns import Order, Turns
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import Ridge
from tests.unit.serving.test_predictor import X, Y, predictor, rows, saved


class Gate:
    """Answers once it is opened; notes what it was asked together."""

    def __init__(self, together: int) -> None:
        self.together = together
        self.open = threading.Event()
        self.asked: list[list[bytes]] = []

    def answer(self, body: bytes, *_: Any) -> bytes:
        outcome = self.answer_all([Order(body, JSON, "predict")])[0]
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def answer_all(self, orders: list[Order]) -> list[bytes | Exception]:
        assert self.open.wait(30)
        self.asked.append([order.body for order in orders])
        if any(order.body == b"exit" for order in orders):
            raise SystemExit
        return [ValueError("no") if o.body == b"bad" else o.body + b"!" for o in orders]


def through(gate: Gate, bodies: list[bytes], give_up: int | None = None) -> list[Any]:
    async def ask() -> list[Any]:
        queue = Turns()
        futures = [queue.take(gate, Order(body, JSON, "predict")) for body in bodies]
        if give_up is not None:
            futures[give_up].cancel()
        gate.open.set()
        said = await asyncio.gather(*futures, return_exceptions=True)
        while not queue.free:
            await asyncio.sleep(0)
        return said

    return asyncio.run(ask())


def test_what_waits_goes_together_where_that_pays() -> None:
    gate = Gate(together=4)
    bodies = [b"%d" % number for number in range(8)]
    assert through(gate, bodies) == [body + b"!" for body in bodies]
    assert sorted(body for group in gate.asked for body in group) == bodies
    assert max(map(len, gate.asked)) == 4


def test_where_it_does_not_pay_each_goes_alone() -> None:
    gate = Gate(together=1)
    through(gate, [b"a", b"b", b"c"])
    assert gate.asked == [[b"a"], [b"b"], [b"c"]]


@pytest.mark.parametrize("together", [1, 4])
def test_an_error_is_given_to_the_one_who_asked(together: int) -> None:
    said = through(Gate(together), [b"a", b"bad", b"c"])
    assert (said[0], said[2]) == (b"a!", b"c!")
    assert isinstance(said[1], ValueError)


def test_a_model_that_exits_leaves_nobody_waiting() -> None:
    (said,) = through(Gate(1), [b"exit"])
    assert "SystemExit" in str(said)


def test_who_has_left_is_passed_over() -> None:
    gate = Gate(together=1)
    said = through(gate, [b"a", b"b", b"c"], give_up=1)
    assert isinstance(said[1], asyncio.CancelledError)
    assert gate.asked == [[b"a"], [b"c"]]


@pytest.mark.parametrize(("most", "size"), [("_MOST_WAITING", 3), ("_MOST_BYTES", 30)])
def test_too_many_are_sent_away_at_once(
    most: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, most, size)
    gate = Gate(together=1)
    with pytest.raises(Problem) as caught:
        through(gate, [b"x" * 10] * 4)
    gate.open.set()
    assert caught.value.status == 503
    assert (b"retry-after", b"1") in caught.value.headers


def forest(folder: Path) -> Predictor:
    model = RandomForestClassifier(30, random_state=0).fit(X, np.where(Y > 0, "up", "down"))
    served = predictor(saved(folder, model), rows(X.head(3)))
    served.together = batches.MOST
    return served


def test_together_each_gets_the_bits_that_it_gets_alone(tmp_path: Path) -> None:
    served = forest(tmp_path)
    orders = [
        Order(orjson.dumps(rows(X[at : at + size])), JSON, verb)
        for at, (size, verb) in enumerate([(1, "predict"), (3, "predict_proba")] * 5)
    ]
    alone = [served.answer(*order) for order in orders]
    assert served.answer_all(orders) == alone


def test_together_a_wrong_request_is_refused_alone(tmp_path: Path) -> None:
    served = forest(tmp_path)
    good = Order(orjson.dumps(rows(X.head(1))), JSON, "predict")
    bad = Order(b'{"rows":[{"a":1}]}', JSON, "predict")
    first, second, third = served.answer_all([good, bad, good])
    assert first == third == served.answer(*good)
    assert isinstance(second, Problem)


def test_it_is_tried_out_whether_company_pays(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(batches, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def slow(matrix: Any) -> Any:
        now[0] += 0.002
        return matrix[:, 0] * 2

    assert batches.try_out([slow], X.to_numpy()).together == batches.MOST

    def each(matrix: Any) -> Any:
        now[0] += 0.002 * len(matrix)
        return matrix[:, 0]

    assert batches.try_out([each], X.to_numpy()).together == 1


def test_a_model_whose_rows_differ_in_company_always_goes_alone(tmp_path: Path) -> None:
    def ranked(matrix: Any) -> Any:
        threading.Event().wait(0.002)
        return matrix[:, 0].argsort().argsort()

    trial = batches.try_out([ranked], X.to_numpy())
    assert (trial.together, trial.same) == (1, False)
    served = predictor(saved(tmp_path, Ridge().fit(X, Y)), rows(X.head(1)))
    assert served.trial is not None
    assert set(served.trial) == {"together", "one", "eight", "same"}
