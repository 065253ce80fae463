"""The gate ``fairness``: a metric by groups of held-out rows."""

from typing import Any

import pytest
from pydantic import ValidationError

from labline.promotion import Evidence, Subject, Verdict
from labline.promotion.fairness_gate import FairnessGate
from labline.records import Run
from labline.settings import FairnessSettings, StageSettings

SUBJECT = Subject(
    "loan", 2, Run("f" * 32, "owl", "loan", "FINISHED", 0.0, 1.0, {}, {}, {}), (), None
)


def rows(sizes: dict[Any, int]) -> list[dict[str, Any]]:
    return [{"sex": group, "age": 30.0 + n} for group, size in sizes.items() for n in range(size)]


def judge(
    predictions: list[Any],
    labels: list[Any] | None = None,
    sizes: dict[Any, int] | None = None,
    **rule: Any,
) -> Verdict:
    """Judge 50 women and 50 men unless told otherwise."""
    kept: dict[str, Any] = {
        "rows": rows(sizes or {"female": 50, "male": 50}), "predictions": predictions,
    }  # fmt: skip
    if labels is not None:
        kept["labels"] = labels
    stage = StageSettings(fairness=FairnessSettings(**{"by": ("sex",), "difference": 0.1} | rule))
    return FairnessGate().judge(Evidence(SUBJECT, holdout=kept), stage)


def share(women: int, men: int) -> list[str]:
    """Return 50 predictions of each, so many of them "yes"."""
    return ["yes"] * women + ["no"] * (50 - women) + ["yes"] * men + ["no"] * (50 - men)


def test_groups_that_are_selected_alike_pass_with_their_rates() -> None:
    verdict = judge(share(20, 22))
    assert verdict.passed
    assert verdict.reason == (
        "selection_rate by sex is female 0.4, male 0.44: a difference of 0.04 (limit 0.1)"
    )
    assert verdict.evidence["sex"]["difference"] == pytest.approx(0.04)


def test_groups_that_are_not_are_refused_with_difference_and_limit() -> None:
    verdict = judge(share(10, 30))
    assert verdict.reason == (
        "selection_rate by sex is female 0.2, male 0.6: a difference of 0.4, the limit is 0.1."
    )
    assert verdict.fix


def test_the_ratio_of_four_fifths_is_a_limit_too() -> None:
    assert judge(share(20, 24), difference=None, ratio=0.8).passed
    verdict = judge(share(20, 30), difference=None, ratio=0.8)
    assert "a ratio of 0.667, the limit is at least 0.8" in verdict.reason


def test_nobody_selected_in_any_group_is_alike() -> None:
    assert judge(share(0, 0), positive="yes", labels=share(1, 1), ratio=0.8).passed


@pytest.mark.parametrize(
    ("metric", "female", "male"),
    [("true_positive_rate", 0.5, 1.0), ("false_positive_rate", 0.0, 0.4), ("accuracy", 0.75, 0.8),
     ("precision", 1.0, 0.714)],
)  # fmt: skip
def test_rates_are_of_the_rows_that_they_are_about(metric: str, female: float, male: float) -> None:
    labels = ["yes"] * 25 + ["no"] * 25 + ["yes"] * 25 + ["no"] * 25
    guess = ["yes"] * 12 + ["no"] * 38 + ["yes"] * 35 + ["no"] * 15
    verdict = judge(guess, labels, metric=metric, difference=1.0)
    groups = verdict.evidence["sex"]["groups"]
    assert groups == pytest.approx({"female": female, "male": male}, abs=0.021)


def test_numbers_are_held_equal_by_their_error() -> None:
    labels = [10.0] * 100
    guess = [11.0] * 50 + [15.0] * 50
    verdict = judge(guess, labels, metric="mae", difference=2.0)
    assert "mae by sex is female 1, male 5: a difference of 4, the limit is 2" in verdict.reason
    assert judge(guess, labels, metric="rmse", difference=5.0).passed
    assert "needs numbers" in judge(share(1, 1), share(1, 1), metric="mae").reason


def test_a_small_group_is_told_and_not_judged() -> None:
    sizes = {"female": 50, "male": 50, None: 3}
    verdict = judge([*share(20, 20), *["yes"] * 3], sizes=sizes)
    assert verdict.passed
    assert "not judged, as too few rows tell: null" in verdict.reason


def test_one_group_is_nothing_to_compare() -> None:
    verdict = judge(share(20, 20), sizes={"female": 95, "male": 5})
    assert "sex has 1 of 2 groups with 20 rows or more" in verdict.reason
    assert "female: 95, male: 5" in verdict.reason


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"by": ("sxe",)}, "no column 'sxe'"),
        ({"by": ("age",)}, "age has 50 different values, too many for groups"),
        ({"positive": "ja"}, "No held-out label or prediction is 'ja'"),
        ({"metric": "accuracy"}, "keeps no labels, without which there is no accuracy"),
    ],
)
def test_what_does_not_fit_the_rows_is_named(rule: dict[str, Any], words: str) -> None:
    verdict = judge(share(20, 20), **rule)
    assert words in verdict.reason
    assert verdict.fix


def test_of_three_classes_one_must_be_named() -> None:
    verdict = judge([*share(20, 20)[:-1], "maybe"])
    assert "There are 3 classes in the hold-out (maybe, no, yes)" in verdict.reason
    assert judge([*share(20, 20)[:-1], "maybe"], positive="yes").passed


def test_without_the_extra_the_pip_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labline.promotion.fairness_gate.find_spec", lambda name: None)
    verdict = judge(share(20, 20))
    assert "Fairlearn, which is not installed" in verdict.reason
    assert verdict.fix == "pip install 'labline[fairness]'"


def test_without_rows_or_rule_it_says_what_to_do() -> None:
    bare = Evidence(SUBJECT)
    stage = StageSettings(fairness=FairnessSettings(by=("sex",), ratio=0.8))
    assert "%log --model" in FairnessGate().judge(bare, stage).fix
    assert "fairness = {" in FairnessGate().judge(bare, StageSettings()).fix


def test_a_rule_without_a_limit_is_no_rule() -> None:
    with pytest.raises(ValidationError, match="a limit is missing"):
        FairnessSettings(by=("sex",))
