"""The gate on the way back, from evidence."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labline.promotion import Answer, Evidence, Outcome, Service, Verdict, gates
from labline.promotion.rollback_gate import RollbackGate
from labline.settings import StageSettings

sys.path.insert(0, str(Path(__file__).parents[3] / "docs"))
try:
    import gate_examples
finally:
    sys.path.pop(0)

ROWS = gate_examples.HOLDOUT


@pytest.fixture
def asked() -> Evidence:
    return replace(gate_examples.EVIDENCE, previous_holdout=ROWS)


def judge(evidence: Evidence, **stage: Any) -> Verdict:
    return RollbackGate().judge(evidence, StageSettings(**stage))


def answered(evidence: Evidence, status: int, body: Any) -> Evidence:
    return replace(evidence, previous=Service({"rollback/rows": Answer(status, body)}, 2.0))


def test_where_nothing_holds_the_stage_there_is_nothing_to_prove(asked: Evidence) -> None:
    assert judge(replace(asked, champion=None)).passed


def test_the_champion_is_asked_with_its_own_rows(asked: Evidence) -> None:
    questions = gates.questions([RollbackGate()], asked, StageSettings(), of="previous")
    assert list(questions) == ["rollback/rows"]
    assert gates.questions([RollbackGate()], asked, StageSettings()) == {}


def test_a_champion_that_answers_as_it_did_is_a_way_back(asked: Evidence) -> None:
    verdict = judge(answered(asked, 200, {"predictions": [10.0, 20.0]}))
    assert verdict.passed
    assert "churn/1 boots in 2.0 s, and its 2 predictions equal" in verdict.reason


def test_a_champion_that_does_not_boot_is_none(asked: Evidence) -> None:
    previous = Service(error="No module named 'xgboost'", log=("a", "b"), release="release 3 on /c")
    verdict = judge(replace(asked, previous=previous))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason == (
        "churn/1 (release 3 on /c) does not boot any more, so nothing could be gone back to: "
        "No module named 'xgboost'"
    )
    assert verdict.evidence["log"] == ["a", "b"]
    assert verdict.fix


@pytest.mark.parametrize(("status", "body", "says"), [
    (200, {"predictions": [10.0, 21.0]}, "1 of 2 predictions differ; row 1: its notebook had 20.0"),
    (200, {"predictions": [10.0]}, "It gave 1 predictions for 2 rows."),
    (422, {"title": "The request does not fit."}, "does not take its own held-out rows: 422"),
])  # fmt: skip
def test_a_champion_that_answers_otherwise_is_none(
    status: int, body: Any, says: str, asked: Evidence
) -> None:
    verdict = judge(answered(asked, status, body))
    assert verdict.outcome is Outcome.FAILED
    assert says in verdict.reason


def test_the_tolerance_is_that_of_parity(asked: Evidence) -> None:
    close = answered(asked, 200, {"predictions": [10.0, 20.1]})
    assert not judge(close).passed
    assert judge(close, parity={"tolerance": 0.01}).passed


def test_a_champion_without_rows_is_for_a_person_to_judge(asked: Evidence) -> None:
    verdict = judge(replace(asked, previous_holdout=None, previous=Service({}, 2.0)))
    assert verdict.outcome is Outcome.NEEDS_APPROVAL
    assert "keeps no held-out rows" in verdict.reason
