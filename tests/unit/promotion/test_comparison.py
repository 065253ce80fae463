"""Metrics on kept rows: the values are scikit-learn's, the intervals cover, the pairing is kept."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from labline.promotion import measures
from labline.promotion.comparison import Comparison, compare

RANDOM = np.random.default_rng(4)
TRUTH = RANDOM.normal(5, 2, 300)
GUESS = TRUTH + RANDOM.normal(0, 1, 300)
WORDS = RANDOM.choice(["no", "yes"], 300, p=[0.7, 0.3])
SAID = np.where(RANDOM.random(300) < 0.8, WORDS, RANDOM.choice(["no", "yes"], 300))
SCORE = np.clip((WORDS == "yes") * 0.4 + RANDOM.random(300).round(1) * 0.6, 0.01, 0.99)
SHADES = RANDOM.choice(["a", "b", "c"], 300)
SHADE = np.where(RANDOM.random(300) < 0.7, SHADES, "a")


def kept(labels: Any, predictions: Any, **more: Any) -> dict[str, Any]:
    rows = [{"x": float(n), "kind": "ab"[n % 2]} for n in range(len(labels))]
    return {"rows": rows, "labels": list(labels), "predictions": list(predictions), **more}


def scored() -> dict[str, Any]:
    scores = np.stack([1 - SCORE, SCORE], 1).tolist()
    return kept(WORDS, SAID, scores=scores, classes=["no", "yes"])


@pytest.mark.parametrize(
    ("name", "holdout", "expected"),
    [
        ("r2", kept(TRUTH, GUESS), sk.r2_score(TRUTH, GUESS)),
        ("test_mae", kept(TRUTH, GUESS), sk.mean_absolute_error(TRUTH, GUESS)),
        ("rmse", kept(TRUTH, GUESS), sk.root_mean_squared_error(TRUTH, GUESS)),
        ("mape", kept(TRUTH, GUESS), sk.mean_absolute_percentage_error(TRUTH, GUESS)),
        ("accuracy", kept(WORDS, SAID), sk.accuracy_score(WORDS, SAID)),
        ("balanced_accuracy", kept(WORDS, SAID), sk.balanced_accuracy_score(WORDS, SAID)),
        ("f1_score", kept(WORDS, SAID), sk.f1_score(WORDS, SAID, pos_label="yes")),
        ("precision", kept(WORDS, SAID), sk.precision_score(WORDS, SAID, pos_label="yes")),
        ("recall", kept(WORDS, SAID), sk.recall_score(WORDS, SAID, pos_label="yes")),
        ("f1", kept(SHADES, SHADE), sk.f1_score(SHADES, SHADE, average="macro")),
        ("roc_auc", scored(), sk.roc_auc_score(WORDS == "yes", SCORE)),
        ("log_loss", scored(), sk.log_loss(WORDS == "yes", SCORE)),
        ("brier", scored(), sk.brier_score_loss(WORDS == "yes", SCORE)),
    ],
)
def test_a_metric_is_what_scikit_learn_says(
    name: str, holdout: dict[str, Any], expected: float
) -> None:
    found = compare(holdout, None, {name: 0.0}).find(name)
    assert found is not None
    assert found.candidate.value == pytest.approx(expected, abs=1e-12)
    assert found.candidate.low is not None
    assert found.candidate.high is not None
    assert found.candidate.low < expected < found.candidate.high


def test_a_bootstrap_sample_is_the_metric_of_the_drawn_rows() -> None:
    weights = measures.draws(len(TRUTH), 3, seed=1)
    by_weight = measures.METRICS["r2"].measure(weights, TRUTH, GUESS)
    drawn = [np.repeat(np.arange(300), row.astype(int)) for row in weights]
    assert by_weight == pytest.approx([sk.r2_score(TRUTH[rows], GUESS[rows]) for rows in drawn])
    area = measures.METRICS["roc_auc"].measure(weights, (WORDS == "yes").astype(int), SCORE)
    assert area == pytest.approx(
        [sk.roc_auc_score(WORDS[rows] == "yes", SCORE[rows]) for rows in drawn]
    )


def test_a_change_is_drawn_in_pairs_and_so_narrower_than_two_intervals() -> None:
    rival = {"predictions": (GUESS + RANDOM.normal(0, 0.2, 300)).tolist()}
    found = compare(kept(TRUTH, GUESS), rival, {"mae": 1.0}).find("mae")
    assert found is not None
    assert found.change is not None
    assert found.champion is not None
    assert found.change.high - found.change.low < found.candidate.high - found.candidate.low  # type: ignore[operator]
    same = compare(kept(TRUTH, GUESS), {"predictions": list(GUESS)}, {"mae": 1.0}).find("mae")
    assert same is not None
    assert same.change is not None
    assert (same.change.low, same.change.value, same.change.high) == (0, 0, 0)


def test_intervals_are_the_same_each_time_and_survive_json() -> None:
    once, again = (compare(kept(TRUTH, GUESS), None, {"r2": 0.0}) for _ in range(2))
    assert once == again
    assert Comparison.from_dict(json.loads(json.dumps(once.to_dict()))) == once


def test_columns_of_few_words_are_sliced_unless_the_policy_says_which() -> None:
    made = compare(kept(TRUTH, GUESS), None, {"r2": 0.0})
    assert [item.slice for item in made.measured] == ["", "kind = a", "kind = b"]
    assert made.measured[1].candidate.value == pytest.approx(
        sk.r2_score(TRUTH[::2], GUESS[::2]), abs=1e-12
    )
    asked = compare(kept(TRUTH, GUESS), None, {"r2": 0.0}, slices=["colour"])
    assert "There is no column 'colour' to slice by." in asked.remarks


def test_one_row_has_a_value_and_no_interval() -> None:
    made = compare(kept([1.0], [1.5]), None, {"mae": 0.5, "r2": 0.0})
    mae, r2 = made.find("mae"), made.find("r2")
    assert mae is not None
    assert (mae.candidate.value, mae.candidate.low) == (0.5, None)
    assert r2 is not None
    assert r2.candidate.value is None
    assert "The hold-out has one row" in made.remarks[0]


def test_one_class_leaves_an_area_undefined_and_says_so() -> None:
    only = kept(["yes"] * 5, ["yes"] * 5, scores=[[0.2, 0.8]] * 5, classes=["no", "yes"])
    made = compare(only, None, {"roc_auc": 0.9})
    assert made.measured[0].candidate.value is None
    assert "roc_auc is undefined on the kept rows: they are all of one class." in made.remarks


def test_without_labels_it_says_what_to_log() -> None:
    made = compare({"rows": [{"a": 1}], "predictions": [1]}, None, {"r2": 0.0})
    assert made.measured == ()
    assert "--data X_test,y_test" in made.remarks[0]


def test_a_champion_that_gives_no_scores_is_told() -> None:
    made = compare(scored(), {"predictions": list(SAID)}, {"roc_auc": 0.9, "accuracy": 0.8})
    area, accuracy = made.find("roc_auc"), made.find("accuracy")
    assert area is not None
    assert area.change is None
    assert accuracy is not None
    assert accuracy.change is not None
    assert "classes, not probabilities" in made.remarks[0]
