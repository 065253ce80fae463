"""Gates on the built service: its answers in, verdict out."""

from typing import Any

import pytest

from labline.promotion import Answer, Evidence, Outcome, Question, Service, Subject, Verdict, gates
from labline.promotion.service_gates import ParityGate, equal
from labline.records import Run
from labline.settings import StageSettings

SUBJECT = Subject(
    "churn", 2, Run("f" * 32, "owl", "churn", "FINISHED", 0.0, 1.0, {}, {}, {}), (), None
)
HOLDOUT = {"rows": [{"a": 1.0}, {"a": 2.0}], "predictions": [10.0, 20.0]}


def parity(body: Any, status: int = 200) -> Verdict:
    service = Service({"parity/rows": Answer(status, body, (0.01,))}, 1.0)
    return ParityGate().judge(Evidence(SUBJECT, service=service, holdout=HOLDOUT), StageSettings())


def test_equal_predictions_pass() -> None:
    assert parity({"predictions": [10.0, 20.0000001]}).passed


def test_the_first_row_that_differs_is_named_with_both_predictions() -> None:
    verdict = parity({"predictions": [10.0, 21.0]})
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason == (
        "1 of 2 predictions differ; row 1: the notebook had 20.0, the service gives 21.0."
    )
    assert verdict.evidence["row"] == {"a": 2.0}


def test_rows_that_the_service_refuses_are_told_with_its_words() -> None:
    problem = {"title": "x", "errors": [{"field": "a", "message": "must be a number"}]}
    verdict = parity(problem, 422)
    assert "422 a: must be a number" in verdict.reason
    assert "no answer" in parity("ReadTimeout", 0).reason


def test_one_prediction_too_few_is_refused() -> None:
    assert "1 predictions for 2 rows" in parity({"predictions": [10.0]}).reason


def test_a_service_that_does_not_boot_is_refused_with_its_log_and_fix() -> None:
    service = Service(error="No module named 'mine'", fix="Package it.", log=("a", "b"))
    verdict = ParityGate().judge(
        Evidence(SUBJECT, service=service, holdout=HOLDOUT), StageSettings()
    )
    assert "No module named 'mine'" in verdict.reason
    assert (verdict.fix, verdict.evidence["log"]) == ("Package it.", ["a", "b"])


def test_a_run_without_rows_asks_nothing_and_is_refused() -> None:
    bare = Evidence(SUBJECT)
    assert gates.questions([ParityGate()], bare, StageSettings()) == {}
    assert "%log --model" in ParityGate().judge(bare, StageSettings()).fix


def test_questions_are_put_under_the_name_of_their_gate() -> None:
    asked = gates.questions([ParityGate()], Evidence(SUBJECT, holdout=HOLDOUT), StageSettings())
    assert asked == {"parity/rows": Question("rows", b'{"rows": [{"a": 1.0}, {"a": 2.0}]}')}


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        (1.0, 1, True), (1.0, 1.1, False), ("a", "a", True), (None, None, True), (None, 0.0, False),
        ([1, 2], [1, 2.0000001], True), ([1], [1, 2], False), ({"p": 1.0}, {"p": 1.0}, True),
        ({"p": 1.0}, {"q": 1.0}, False), (True, 1, True),
    ],
)  # fmt: skip
def test_predictions_are_compared_by_value(ours: Any, theirs: Any, same: bool) -> None:
    assert equal(ours, theirs, 1e-6) is same
