"""The gate ``data``: held-out rows against what is kept of the training set."""

import json
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyClassifier

from labline.datasets import training
from labline.promotion import Evidence, Subject, Verdict, gates
from labline.promotion.data_gate import DataGate
from labline.records import Run
from labline.settings import DataSettings, StageSettings
from labline.tracking import holdout

SUBJECT = Subject(
    "churn", 2, Run("f" * 32, "owl", "churn", "FINISHED", 0.0, 1.0, {}, {}, {}), (), None
)


def table(rows: int = 400) -> pd.DataFrame:
    generator = np.random.default_rng(11)
    age = generator.normal(40, 10, rows)
    age[generator.random(rows) < 0.1] = np.nan
    return pd.DataFrame(
        {
            "age": age,
            "visits": generator.integers(0, 9, rows),
            "city": generator.choice(["Bern", "Genf", "Chur"], rows),
            "member": generator.random(rows) < 0.4,
            "pay": generator.exponential(100, rows),
        }
    )


TABLE = table()
LABELS = pd.Series(np.where(TABLE["pay"] > 60, "stays", "goes"))
TRAIN, TEST = TABLE[:300], TABLE[300:]


def judge(
    test: Any = TEST,
    labels: Any = LABELS[300:],
    train: Any = TRAIN,
    train_labels: Any = LABELS[:300],
    inputs: Any = (),
    **rule: Any,
) -> Verdict:
    """Judge two sets as ``%log`` keeps them: through JSON."""
    model = DummyClassifier(strategy="most_frequent").fit([[0], [1]], [0, 1])
    kept = json.loads(json.dumps(holdout.sample(model, test, labels)))
    kept_training = json.loads(_written(train, train_labels))
    subject = replace(SUBJECT, signature={"inputs": list(inputs)})
    evidence = Evidence(subject, holdout=kept, training=kept_training)
    return DataGate().judge(evidence, StageSettings(data=DataSettings(**rule)))


def _written(train: Any, labels: Any) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.json"
        return training.write(train, path, name="X_train", labels=labels).read_text()


def test_a_split_at_random_passes_with_its_largest_drift() -> None:
    verdict = judge()
    assert verdict.passed, verdict.reason
    assert "100 held-out rows are like the 300 of training; largest drift 0." in verdict.reason
    assert "0 of 100 held-out rows are in X_train too" in verdict.reason
    assert {item["check"] for item in verdict.evidence["checks"]} >= {"drift", "duplicates"}


def test_what_was_not_logged_is_said_though_the_rest_passes() -> None:
    assert "labels not judged, none were logged" in judge(labels=None).reason
    assert "whose labels were not logged" in judge(train_labels=None).reason
    notes = TABLE.assign(note=[f"note {n}" for n in range(len(TABLE))])
    assert "drift not judged of note: too many different words" in (
        judge(notes[300:], train=notes[:300]).reason
    )


def test_a_run_without_its_training_set_is_refused_with_the_magic_that_keeps_it() -> None:
    rows = {"rows": [{"a": 1.0}] * 30, "predictions": [1] * 30}
    verdict = DataGate().judge(Evidence(SUBJECT, holdout=rows), StageSettings())
    assert "keeps nothing of the training set" in verdict.reason
    assert "--train X_train,y_train" in verdict.fix
    assert "no held-out rows" in DataGate().judge(Evidence(SUBJECT), StageSettings()).reason


def test_a_hold_out_of_one_row_is_refused() -> None:
    verdict = judge(TEST[:1], LABELS[300:301])
    assert verdict.reason == (
        "The hold-out has 1 row, at least 20 must be there: fewer tell nothing."
    )


def test_a_hold_out_of_one_class_is_refused() -> None:
    one = TEST[LABELS[300:] == "goes"]
    verdict = judge(one, ["goes"] * len(one), drift=9)
    assert f"All {len(one)} held-out labels are 'goes'" in verdict.reason
    assert "stratify=y" in verdict.fix


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"pay": None}, "pay is null in 100 % of the held-out rows, none in training"),
        ({"age": 200.0}, "age is in 100 % of the held-out rows outside"),
        ({"city": "Basel"}, "city is in 100 % of the held-out rows of none of the 3 categories "
         "of training, as 'Basel'"),
        ({"visits": "many"}, "visits holds text, in training numbers"),
        ({"pay": 60.0}, "pay drifted from training: population stability index"),
    ],
)  # fmt: skip
def test_a_column_unlike_training_is_named(change: dict[str, Any], words: str) -> None:
    verdict = judge(TEST.assign(**change), drift=0.2)
    assert not verdict.passed
    assert any(words in item["says"] for item in verdict.evidence["checks"] if item["bad"])
    assert verdict.fix
    (name,) = change
    assert judge(TEST.assign(**change), ignore=[name]).passed


def test_columns_that_lack_or_stand_in_another_order_are_named() -> None:
    assert "The held-out rows lack pay of X_train" in judge(TEST.drop(columns="pay")).reason
    assert "have extra, X_train has not" in judge(TEST.assign(extra=1.0)).reason
    turned = judge(TEST[list(reversed(TEST.columns))])
    assert "another order than those of X_train: pay, member, city and 2 more, not age" in (
        turned.reason
    )
    assert "X_test[X_train.columns]" in turned.fix


def test_held_out_rows_that_were_trained_on_are_counted() -> None:
    verdict = judge(TABLE[280:], LABELS[280:])
    assert "20 of 120 held-out rows are in X_train too (16.7 % leaked, the limit is 1 %" in (
        verdict.reason
    )
    assert judge(TABLE[280:], LABELS[280:], leakage=0.2).passed


def test_rows_that_repeat_by_nature_are_no_leak() -> None:
    few = TABLE[["member", "city"]]
    verdict = judge(few[300:], train=few[:300], duplicates=1)
    assert verdict.passed, verdict.reason
    assert "100 % of its own rows have an equal" in verdict.reason
    assert "rows of X_train repeat another" in judge(few[300:], train=few[:300]).reason


def test_a_training_set_that_was_looked_at_in_part_tells_leaks_by_scaling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("labline.datasets.profile.MOST_ROWS", 150)
    verdict = judge(TABLE[200:], LABELS[200:])
    assert "of which 150 of 300 rows were looked at" in verdict.reason
    (leak,) = [item for item in verdict.evidence["checks"] if item["check"] == "leakage"]
    assert leak["value"] == pytest.approx(0.5, abs=0.01)


def test_nulls_that_training_had_and_the_signature_forbids_are_refused() -> None:
    """An int column with nulls in training, and none in the hold-out: the service takes none."""
    train = TRAIN.assign(visits=TRAIN["visits"].astype("Int64").where(TRAIN["age"].notna()))
    long = {"name": "visits", "type": "long", "required": True}
    verdict = judge(train=train, inputs=[long])
    assert "visits has nulls in training" in verdict.reason
    assert "the signature requires a long: the service would refuse such a row" in verdict.reason
    assert judge(train=train, inputs=[{**long, "required": False}]).passed


def test_arrays_are_judged_by_place() -> None:
    numbers = TABLE[["pay", "visits"]].to_numpy()
    assert judge(numbers[300:], train=numbers[:300]).passed
    moved = judge(numbers[300:] + np.array([500, 0]), train=numbers[:300])
    assert "0 is in" in moved.reason


def test_a_regressions_labels_are_judged_by_their_spread() -> None:
    pay = TABLE["pay"]
    assert judge(labels=pay[300:], train_labels=pay[:300]).passed
    moved = judge(labels=pay[300:] + 400, train_labels=pay[:300])
    assert "the labels drifted from training: population stability index" in moved.reason


def test_the_workflow_reads_the_training_set_where_a_gate_asks_for_it() -> None:
    assert gates.load(("data",), "staging")[0].needs == {"training"}
