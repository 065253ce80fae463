"""Gates on the built service: its answers in, verdict out."""

from dataclasses import replace
from typing import Any

import pytest

from labline.promotion import Answer, Evidence, Outcome, Question, Service, Subject, Verdict, gates
from labline.promotion.answers import equal
from labline.promotion.service_gates import ContractGate, LatencyGate, ParityGate
from labline.records import Run
from labline.settings import ContractSettings, LatencySettings, StageSettings

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


SIGNATURE = {
    "inputs": [{"name": "a", "type": "double"}, {"name": "b", "type": "string", "required": False}],
    "outputs": [],
}
TABLE = {"rows": [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": None}], "predictions": [10.0, 20.0]}
CANDIDATE = Evidence(replace(SUBJECT, signature=SIGNATURE), holdout=TABLE, max_body_bytes=1000)


def contract(
    *, broken: str = "", answer: Answer | None = None, found: dict[str, Any] | None = None
) -> Verdict:
    """Judge a service that does all as it should but for one case."""
    gate = ContractGate()
    made = {case.name: case for case in gate._cases(CANDIDATE)}
    answers = {}
    for name, case in made.items():
        right = {"predictions": list(case.predictions or [10.0])}
        answers[name] = Answer(422, {"title": "x"}) if case.refuse else Answer(200, right)
    if answer:
        assert broken in answers
        answers[broken] = answer
    answers["search"] = Answer(200, found or {"asked": 90, "late": False, "seed": 7})
    served = Service({f"contract/{name}": item for name, item in answers.items()})
    return gate.judge(replace(CANDIDATE, service=served), StageSettings())


def test_a_service_that_refuses_cleanly_and_answers_right_passes_contract() -> None:
    verdict = contract()
    assert verdict.passed
    assert "90 of them made at random" in verdict.reason


def test_a_request_that_the_search_found_is_told_with_its_seed() -> None:
    broken = {"case": "generated, a = -6", "wrong": "it broke the service: 500.",
              "request": "{}", "status": 500, "answer": "x"}  # fmt: skip
    verdict = contract(found={"asked": 40, "late": False, "seed": 7, "broken": broken})
    assert verdict.reason == "generated, a = -6: it broke the service: 500."
    assert (verdict.evidence["seed"], verdict.evidence["generated"]) == (7, 40)
    assert verdict.evidence["request"] == "{}"
    assert "impute nulls" in verdict.fix


def test_a_search_that_ran_out_of_time_says_so() -> None:
    verdict = contract(found={"asked": 40, "late": True, "seed": 7})
    assert "contract.seconds (30 s) ended the search early" in verdict.reason


def test_a_stage_may_do_without_requests_made_at_random() -> None:
    few = StageSettings(contract=ContractSettings(examples=0))
    asked = gates.questions([ContractGate()], CANDIDATE, few)
    assert "contract/search" not in asked
    assert "contract/search" in gates.questions([ContractGate()], CANDIDATE, StageSettings())


@pytest.mark.parametrize(
    ("case", "answer", "words"),
    [
        ("a null", Answer(500, {"detail": "KeyError"}), "it broke the service: 500 KeyError"),
        ("a text", Answer(0, "ReadTimeout: "), "no answer came (ReadTimeout: )"),
        ("a missing", Answer(200, {"predictions": [1]}), "answered as if it were right"),
        ("no rows", Answer(400, "oops"), "the refusal 400 says nothing in JSON"),
        ("permuted columns", Answer(422, {"title": "x"}), "though nothing is wrong with it"),
        ("permuted columns", Answer(200, {"predictions": [20.0, 10.0]}), "right is [10.0, 20.0]"),
        ("b an unknown word", Answer(503, "gone"), "it broke the service: 503"),
    ],
)
def test_the_case_that_broke_is_named_with_request_and_answer(
    case: str, answer: Answer, words: str
) -> None:
    verdict = contract(broken=case, answer=answer)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason.startswith(f"{case}: ")
    assert words in verdict.reason
    assert verdict.evidence["request"]
    assert verdict.evidence["answer"] == answer.body


def test_an_optional_column_may_be_missing() -> None:
    refuse = {case.name: case.refuse for case in ContractGate()._cases(CANDIDATE)}
    assert (refuse["a missing"], refuse["b missing"], refuse["b null"]) == (True, False, False)


def test_cases_have_names_of_their_own() -> None:
    names = [case.name for case in ContractGate()._cases(CANDIDATE)]
    assert len(names) == len(set(names))


def latency(*milliseconds: float, failures: int = 0, **rule: Any) -> Verdict:
    stage = StageSettings(latency=LatencySettings(**rule))
    took = tuple(value / 1000 for value in milliseconds)
    answers = {"latency/load": Answer(200, {}, took, failures)}
    service = Service(answers, boot_seconds=4.0, memory=300 * 2**20)
    return LatencyGate().judge(Evidence(SUBJECT, service=service, holdout=HOLDOUT), stage)


def test_latency_within_its_limits_passes() -> None:
    verdict = latency(*range(1, 101), p95_ms=96)
    assert verdict.passed
    assert verdict.evidence["p50_ms"] == pytest.approx(50.5)


def test_latency_above_a_limit_names_both() -> None:
    verdict = latency(*range(1, 101), p95_ms=90)
    assert verdict.reason.startswith("p95 is 95.1 ms, the limit is 90 ms")


@pytest.mark.parametrize(("rule", "says"), [
    ({"cold_start": "3s"}, "cold start is 4.0 s, the limit is 3 s (p50 2.0 ms"),
    ({"memory": "256MiB"}, "memory is 300.0 MiB, the limit is 256 MiB (p50 2.0 ms"),
])  # fmt: skip
def test_a_service_that_starts_slowly_or_holds_much_is_refused(rule: Any, says: str) -> None:
    verdict = latency(1, 2, 3, **rule)
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason.startswith(says)
    assert verdict.fix
    assert (verdict.evidence["boot_seconds"], verdict.evidence["memory_mb"]) == (4.0, 314.6)
    within = latency(1, 2, 3, cold_start="5s", memory="1GiB")
    assert "cold start 4.0 s, memory 300.0 MiB; 8 at a time" in within.reason


def test_requests_that_fail_have_no_latency() -> None:
    assert "3 of 200 requests failed" in latency(1, 2, failures=3, p95_ms=90).reason


def test_a_stage_that_says_nothing_of_latency_is_told_what_to_add() -> None:
    assert "latency = {" in LatencyGate().judge(CANDIDATE, StageSettings()).fix
    assert LatencyGate().questions(CANDIDATE, StageSettings()) == []
