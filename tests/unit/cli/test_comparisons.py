"""What a terminal shows of a shadow beside the live release."""

import json

import pytest

from labline.cli.comparisons import show_comparison
from labline.deployment.comparing import Captured, Comparison, compare

ABOUT = Comparison("churn", "churn/1", "churn/2", 1e-6)


def captured(id: str, predictions: list[object]) -> Captured:
    rows = [{"size": n, "kind": "[bold]"} for n in range(len(predictions))]
    return Captured(id, 200, json.dumps({"rows": rows}), json.dumps({"predictions": predictions}))


def test_it_says_how_far_they_agree_by_how_much_they_differ_and_where(
    capsys: pytest.CaptureFixture[str],
) -> None:
    live = [captured("r1", [1.0, 2.0, 3.0]), captured("r2", [4.0])]
    candidate = [captured("r1", [1.0, 2.5, 3.0]), captured("r2", [4.0])]
    show_comparison(compare(ABOUT, live, candidate))
    said = capsys.readouterr().out
    assert "churn/2 beside churn/1, which is live" in said
    assert "3 of 4 predictions (75 %)" in said
    assert "largest 0.5; on average +0.125" in said
    assert "candidate minus live" in said
    assert '{"size": 1, "kind": "[bold]"}' in said
    assert "r1" in said


def test_labels_that_change_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    show_comparison(compare(ABOUT, [captured("r", ["a", "b"])], [captured("r", ["a", "c"])]))
    said = capsys.readouterr().out
    assert "what changes" in said
    assert '"b"' in said


def test_before_the_first_answer_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_comparison(ABOUT)
    assert "Both have answered no request yet" in capsys.readouterr().out


def test_two_that_agree_on_all_are_told_so(capsys: pytest.CaptureFixture[str]) -> None:
    same = [captured("r", [1.0])]
    show_comparison(compare(ABOUT, same, same))
    said = capsys.readouterr().out
    assert "1 of 1 predictions (100 %)" in said
    assert "They agree on all." in said
    assert "candidate minus live" not in said
