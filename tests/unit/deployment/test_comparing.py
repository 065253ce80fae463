"""How two releases' answers to the same requests are compared."""

import json
from typing import Any

import pytest

from labline.deployment.comparing import Captured, Change, Comparison, compare

ABOUT = Comparison("churn", "churn/1", "churn/2", 0.01)


def captured(id: str, predictions: Any, *, status: int = 200, **request: Any) -> Captured:
    answer = {"predictions": predictions} if status == 200 else {"detail": predictions}
    return Captured(id, status, json.dumps(request), json.dumps(answer))


def test_requests_are_joined_by_id_and_judged_by_prediction():
    rows = [{"a": 1}, {"a": 2}, {"a": 3}]
    live = [captured("r1", [1.0, 2.0, 4.0], rows=rows), captured("only live", [1.0])]
    candidate = [captured("r1", [1.005, 2.0, 5.0], rows=rows), captured("only candidate", [1.0])]
    found = compare(ABOUT, live, candidate)
    assert (found.requests, found.predictions, found.agreed) == (1, 3, 2)
    assert found.agreement == pytest.approx(2 / 3)
    (example,) = found.examples
    assert (example.request_id, example.row, example.given) == ("r1", 2, {"a": 3})
    assert (example.live, example.candidate) == (4.0, 5.0)
    gaps = found.differences
    assert gaps is not None
    assert (gaps.count, gaps.largest) == (3, 1.0)
    assert gaps.mean == pytest.approx(1.005 / 3)
    assert sum(count for *_, count in gaps.bins) == 3
    assert (gaps.bins[0][0], gaps.bins[-1][1]) == (0.0, pytest.approx(1.0))


def test_the_largest_differences_are_the_examples():
    live = [captured(str(n), [0.0]) for n in range(20)]
    candidate = [captured(str(n), [float(n)]) for n in range(20)]
    found = compare(ABOUT, live, candidate)
    assert [each.candidate for each in found.examples] == [19.0, 18.0, 17.0, 16.0, 15.0]


def test_words_that_change_are_counted():
    live = [captured(str(n), ["Adelie", "Gentoo"]) for n in range(3)]
    candidate = [captured(str(n), ["Adelie", "Chinstrap" if n else "Adelie"]) for n in range(3)]
    found = compare(ABOUT, live, candidate)
    assert (found.predictions, found.agreed) == (6, 3)
    assert found.changes == (
        Change('"Gentoo"', '"Chinstrap"', 2),
        Change('"Gentoo"', '"Adelie"', 1),
    )
    assert found.differences is None


def test_an_answer_beside_a_refusal_is_one_disagreement():
    live = [captured("a", [1.0]), captured("b", "no", status=500), captured("c", [1.0])]
    candidate = [captured("a", "broken", status=500), captured("b", [1.0]), captured("c", [1.0])]
    found = compare(ABOUT, live, candidate)
    assert (found.predictions, found.agreed) == (3, 1)
    assert (found.live_failed, found.candidate_failed) == (1, 1)
    said = [(each.row, each.live, each.candidate) for each in found.examples]
    assert said == [(None, [1.0], "500: broken"), (None, "500: no", [1.0])]


def test_what_both_refuse_alike_is_no_prediction():
    both = [captured("a", "missing column", status=422)]
    found = compare(ABOUT, both, both)
    assert (found.requests, found.predictions, found.agreement) == (1, 0, None)


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ([[0.1, 0.9]], [[0.1000001, 0.9]], True),
        ([[0.1, 0.9]], [[0.5, 0.5]], False),
        ([{"p": 1.0, "label": "a"}], [{"p": 1.0, "label": "b"}], False),
        ({"p": [1.0], "label": ["a"]}, {"p": [1.001], "label": ["a"]}, True),
        ([None], [None], True),
        ([None], [0.0], False),
        ([True], [1], False),
        ([1], [1.0], True),
        (["1"], [1], False),
    ],
)
def test_predictions_of_any_form_agree_or_not(one, other, agree):
    found = compare(ABOUT, [captured("a", one)], [captured("a", other)])
    assert (found.predictions, found.agreed) == (1, int(agree))


@pytest.mark.parametrize("asked", [{"columns": {"a": [1, 2]}}, {"rows": [{"a": 1}, {"a": 2}]}])
def test_rows_are_shown_whatever_form_they_were_sent_in(asked):
    found = compare(
        ABOUT, [captured("r", [1.0, 1.0], **asked)], [captured("r", [1.0, 2.0], **asked)]
    )
    assert found.examples[0].given == {"a": 2}


def test_bodies_that_cannot_be_read_are_compared_by_what_is_there():
    odd = Captured("a", 200, "not json", "[1]")
    assert compare(ABOUT, [odd], [odd]).predictions == 0
    assert compare(ABOUT, [], []).agreement is None
