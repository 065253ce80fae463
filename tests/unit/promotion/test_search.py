"""The search for requests that break the contract, against services that are functions."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labline.promotion import Answer
from labline.promotion.search import search
from labline.settings import ContractSettings

INPUTS = [
    {"name": "size", "type": "double"},
    {"name": "rooms", "type": "long"},
    {"name": "kind", "type": "string", "required": False},
]
ROWS = [{"size": n * 1.5, "rooms": n, "kind": "ab"[n % 2]} for n in range(1, 9)]
HOLDOUT = {"rows": ROWS, "predictions": [row["size"] + row["rooms"] for row in ROWS]}
TYPES: dict[str, Any] = {"size": (int, float), "rooms": int, "kind": (str, type(None))}


class Refused(Exception):
    """The request is not right."""


def rows_of(body: bytes) -> list[dict[str, Any]]:
    """Return the rows of a request, as a careful service reads them."""

    def none(name: str) -> None:
        raise Refused(name)

    try:
        document = json.loads(body, parse_constant=none)
    except (ValueError, RecursionError) as error:
        raise Refused("not JSON") from error
    if not isinstance(document, dict) or list(document) != ["rows"]:
        raise Refused("rows")
    rows = document["rows"]
    if not isinstance(rows, list) or not rows:
        raise Refused("rows")
    for row in rows:
        if not isinstance(row, dict) or set(row) - set(TYPES) or {"size", "rooms"} - set(row):
            raise Refused("columns")
        for name, value in row.items():
            if isinstance(value, bool) or not isinstance(value, TYPES[name]):
                raise Refused(name)
    return rows


def service(predict: Callable[[dict[str, Any]], Any]) -> Callable[[bytes], Answer]:
    """Return a service that checks requests and answers with `predict`."""

    def ask(body: bytes) -> Answer:
        try:
            rows = rows_of(body)
        except Refused as error:
            return Answer(422, {"title": str(error)})
        try:
            return Answer(200, {"predictions": [predict(row) for row in rows]})
        except Exception as error:  # noqa: BLE001 - as a server does
            return Answer(500, {"detail": repr(error)})

    return ask


def right(row: dict[str, Any]) -> float:
    return float(row["size"]) + row["rooms"]


def hunt(ask: Callable[[bytes], Answer], **rule: Any) -> dict[str, Any]:
    patient = ContractSettings(**{"seconds": 300, **rule})
    told: dict[str, Any] = search(INPUTS, HOLDOUT, patient, 1e-6, ask).body
    return told


def test_a_careful_service_is_asked_the_whole_count_and_nothing_is_found() -> None:
    told = hunt(service(right), examples=150)
    assert "broken" not in told
    assert 90 < told["asked"] <= 150
    assert not told["late"]


@pytest.mark.proof
def test_ten_thousand_requests_find_nothing_in_a_careful_service() -> None:
    told = hunt(service(right), examples=10_000, seconds=600)
    assert "broken" not in told
    assert told["asked"] > 5000


def breaks_on_negative(row: dict[str, Any]) -> float:
    if row["rooms"] < -5:
        raise ValueError("math domain error")
    return right(row)


def test_the_smallest_request_that_breaks_is_told() -> None:
    broken = hunt(service(breaks_on_negative))["broken"]
    assert "500" in broken["wrong"]
    assert json.loads(broken["request"])["rows"] == [{**ROWS[0], "rooms": -6}]
    assert broken["case"] == "generated, rooms = -6"


def breaks_on_odd_letters(row: dict[str, Any]) -> float:
    (row.get("kind") or "").encode("ascii")
    return right(row)


def test_text_that_nobody_thought_of_is_found() -> None:
    broken = hunt(service(breaks_on_odd_letters))["broken"]
    assert len(json.loads(broken["request"])["rows"][0]["kind"]) == 1


def by_place(row: dict[str, Any]) -> float:
    values = list(row.values())
    return float(values[0]) + 2 * values[1] - row["rooms"]


def test_a_service_that_goes_by_the_order_of_columns_gives_a_wrong_answer() -> None:
    broken = hunt(service(by_place))["broken"]
    assert broken["status"] in (200, 500)
    assert "in the order" in broken["case"] or "=" in broken["case"]


def test_a_service_that_takes_everything_is_found_out() -> None:
    broken = hunt(lambda body: Answer(200, {"predictions": [1.0]}))["broken"]
    assert broken["status"] == 200


def test_the_same_model_is_asked_the_same_whatever_chance_says() -> None:
    def bodies(seed: int) -> list[bytes]:
        random.seed(seed)
        seen: list[bytes] = []

        def ask(body: bytes) -> Answer:
            seen.append(body)
            return service(right)(body)

        hunt(ask, examples=60)
        return seen

    assert bodies(1) == bodies(2)


def test_a_search_ends_in_time_and_says_so() -> None:
    """Each answer makes the clock go on; nothing waits."""
    times = iter(range(10_000))

    class Clock:
        @staticmethod
        def monotonic() -> float:
            return next(times)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("labline.promotion.search.time", Clock)
        told = hunt(service(right), seconds=20)
    assert told["late"]
    assert 0 < told["asked"] <= 20


def test_a_service_that_answers_otherwise_the_second_time_is_judged_by_the_first() -> None:
    seen: set[bytes] = set()

    def ask(body: bytes) -> Answer:
        again = body in seen
        seen.add(body)
        return service(right)(body) if again else Answer(500, {"detail": "moody"})

    assert "500" in hunt(ask)["broken"]["wrong"]


def test_nothing_is_written_beside_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    hunt(service(breaks_on_odd_letters))
    assert list(tmp_path.iterdir()) == []


def test_arrays_are_searched_too() -> None:
    rows = [[float(n), n * 2.0] for n in range(5)]
    holdout = {"rows": rows, "predictions": [sum(row) for row in rows]}

    def ask(body: bytes) -> Answer:
        try:
            found = [[float(value) for value in row] for row in json.loads(body)["rows"]]
        except (ValueError, TypeError, KeyError, OverflowError):
            return Answer(422, {"title": "not rows"})
        if any(len(row) != 2 for row in found) or not found:
            return Answer(500, {"detail": "shapes do not match"})
        return Answer(200, {"predictions": [sum(row) for row in found]})

    tensor = [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}]
    told = search(tensor, holdout, ContractSettings(seconds=300), 1e-6, ask).body
    assert "500 shapes do not match" in told["broken"]["wrong"]
