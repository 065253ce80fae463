"""Late labels, and what they say of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from labline.errors import BadInput
from labline.lab import realising
from labline.monitoring import labels
from labline.monitoring.decoding import Row
from labline.monitoring.labels import Label, Labels, Place
from labline.monitoring.realised import Kept, RealisedReport
from labline.settings import MetricsSettings


def label(id: str, value: Any, row: int = 0) -> Label:
    return Label(Place(id, row), value)


# -- reading -------------------------------------------------------------------------------------


def test_labels_are_the_only_other_column_and_lines_of_one_request_are_its_rows() -> None:
    table = pd.DataFrame({"id": ["a", "b", "a"], "churned": ["yes", "no", "no"]})
    found = labels.from_table(table, "id")
    assert found == [label("a", "yes"), label("b", "no"), label("a", "no", row=1)]


def test_a_column_may_say_which_row_a_label_is_of() -> None:
    table = pd.DataFrame({"request_id": ["a", "a"], "row": [5, 2], "y": [1.0, 2.0]})
    assert [each.place.row for each in labels.from_table(table, "request_id")] == [5, 2]
    named = table.rename(columns={"row": "place"})
    found = labels.from_table(named, "request_id", label="y", row="place")
    assert [each.place.row for each in found] == [5, 2]


def test_what_is_not_known_yet_is_no_label() -> None:
    table = pd.DataFrame({"request_id": ["a", "b"], "y": [None, "no"]})
    assert labels.from_table(table, "request_id") == [label("b", "no")]


def test_a_column_that_is_not_there_is_named_with_the_nearest() -> None:
    table = pd.DataFrame({"request_id": ["a"], "y": [1]})
    with pytest.raises(BadInput, match="no column 'requestid'") as caught:
        labels.from_table(table, "requestid")
    assert "'request_id'" in caught.value.fix
    with pytest.raises(BadInput, match="not clear which column has the labels: there is y, z"):
        labels.from_table(table.assign(z=1), "request_id")
    with pytest.raises(BadInput, match="row has -1, which is no row"):
        labels.from_table(table.assign(row=-1), "request_id")


@pytest.mark.parametrize("form", ["csv", "parquet", "ndjson", "json"])
def test_files_of_every_form_are_read(tmp_path: Path, form: str) -> None:
    table, path = pd.DataFrame({"request_id": ["a"], "y": ["no"]}), tmp_path / f"labels.{form}"
    if form == "csv":
        table.to_csv(path, index=False)
    elif form == "parquet":
        table.to_parquet(path)
    else:
        table.to_json(path, orient="records", lines=form == "ndjson")
    assert labels.from_table(labels.read_file(path), "request_id") == [label("a", "no")]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no file"):
        labels.read_file(tmp_path / "none.csv")
    (tmp_path / "labels.txt").write_text("a")
    with pytest.raises(BadInput, match=r"labels\.txt is in no form"):
        labels.read_file(tmp_path / "labels.txt")
    (tmp_path / "labels.parquet").write_text("a")
    with pytest.raises(BadInput, match="cannot be read"):
        labels.read_file(tmp_path / "labels.parquet")


# -- keeping -------------------------------------------------------------------------------------


def test_a_later_label_of_the_same_row_wins(tmp_path: Path) -> None:
    kept = Labels(tmp_path / "churn")
    kept.add([label("a", "yes"), label("a", "no", row=1)])
    kept.add([label("a", "no")])
    assert kept.all() == {Place("a", 0): "no", Place("a", 1): "no"}


def test_the_same_labels_once_more_change_nothing(tmp_path: Path) -> None:
    kept = Labels(tmp_path)
    for _ in range(3):
        kept.add([label("a", 1.5)])
    kept.add([])
    assert len(list(tmp_path.iterdir())) == 1
    assert kept.all() == {Place("a", 0): 1.5}


def test_labels_of_several_kinds_are_kept_as_text(tmp_path: Path) -> None:
    Labels(tmp_path).add([label("a", 1.0), label("b", "no")])
    assert Labels(tmp_path).all() == {Place("a", 0): "1", Place("b", 0): "no"}


# -- what they say -------------------------------------------------------------------------------


def predicted(said: list[Any], proba: list[dict[str, float]] | None = None) -> list[Row]:
    scores = proba or [None] * len(said)
    return [
        Row(f"r{n}", 0, float(n), "churn/1", 1, 1.0, {"x": n}, prediction, score)
        for n, (prediction, score) in enumerate(zip(said, scores, strict=True))
    ]


def told(values: list[Any]) -> dict[Place, Any]:
    return {Place(f"r{n}", 0): value for n, value in enumerate(values)}


def report(
    rows: list[Row], known: dict[Place, Any], logged: dict[str, float], **rule: Any
) -> RealisedReport:
    return realising.report("churn", "churn/1", logged, rows, known, MetricsSettings(**rule))


def test_a_model_that_keeps_its_promise_held() -> None:
    said = ["yes", "no"] * 100
    truth = [*said[:180], *(["no", "yes"] * 10)]
    found = report(predicted(said), told(truth), {"accuracy": 0.91, "loss": 3.0})
    assert found.outcome is Kept.HELD
    assert [(each.metric, each.value) for each in found.metrics] == [("accuracy", 0.9)]
    assert found.says.startswith("By 200 labels, accuracy is 0.9 [")


def test_a_metric_that_is_worse_than_the_rule_and_chance_let_it_dropped() -> None:
    said = ["yes", "no"] * 100
    truth = [*said[:120], *(["no", "yes"] * 40)]
    found = report(predicted(said), told(truth), {"accuracy": 0.91})
    assert found.outcome is Kept.DROPPED
    assert [each.metric for each in found.dropped] == ["accuracy"]
    assert "in the run 0.91" in found.says
    assert report(predicted(said), told(truth), {"accuracy": 0.91}, drop=0.5).outcome is Kept.HELD


def test_of_a_metric_that_is_better_when_it_is_small_more_is_a_drop() -> None:
    truth = np.random.default_rng(0).normal(100, 10, 300)
    rows = predicted((truth + np.random.default_rng(1).normal(0, 8, 300)).tolist())
    found = report(rows, told(truth.tolist()), {"mae": 3.0, "test_r2": 0.9})
    assert {each.metric for each in found.dropped} == {"mae", "test_r2"}
    assert report(rows, told(truth.tolist()), {"mae": 6.2}).outcome is Kept.HELD


def test_what_chance_explains_is_no_drop() -> None:
    said = ["yes", "no"] * 25
    truth = [*said[:40], *(["no", "yes"] * 5)]
    found = report(predicted(said), told(truth), {"accuracy": 0.89})
    assert found.outcome is Kept.HELD
    assert "may give that by chance" in found.metrics[0].says


def test_few_labels_are_not_judged_and_those_of_other_rows_do_not_count() -> None:
    said = ["yes"] * 20
    known = told(said) | {Place("other", 0): "no"}
    found = report(predicted(said), known, {"accuracy": 0.9})
    assert found.outcome is Kept.NOT_JUDGED
    assert (found.labels, found.joined, found.metrics) == (21, 20, ())
    assert found.says.startswith("20 of the 21 labels are of rows that churn/1 predicted")


def test_labels_as_files_have_them_are_the_classes_that_the_model_names() -> None:
    ones, truth = predicted([1, 0] * 50), told([1.0, 0.0] * 50)
    assert report(ones, truth, {"accuracy": 1.0}).metrics[0].value == 1.0
    bools = predicted([True, False] * 50)
    assert report(bools, truth, {"accuracy": 1.0}).metrics[0].value == 1.0
    words = predicted(["1", "0"] * 50)
    assert report(words, truth, {"accuracy": 1.0}).metrics[0].value == 1.0


def test_probabilities_give_the_metrics_that_need_them_and_predictions_say_so() -> None:
    proba = [{"0": 0.2, "1": 0.8}, {"0": 0.7, "1": 0.3}] * 50
    asked = predicted([None] * 100, proba)
    found = report(asked, told([1, 0] * 50), {"roc_auc": 0.9, "accuracy": 0.9})
    assert {each.metric: each.value for each in found.metrics} == {"roc_auc": 1.0, "accuracy": 1.0}
    plain = report(predicted([1, 0] * 50), told([1, 0] * 50), {"roc_auc": 0.9, "accuracy": 0.9})
    assert [each.metric for each in plain.metrics] == ["accuracy"]
    assert plain.remarks == ("roc_auc needs probabilities: ask for /predict_proba too.",)


def test_a_run_without_a_metric_that_labels_tell_is_not_judged() -> None:
    found = report(predicted(["a"] * 60), told(["a"] * 60), {"loss": 1.0})
    assert found.outcome is Kept.NOT_JUDGED
    assert "%log accuracy" in found.fix


def test_only_the_metrics_that_the_policy_names_are_judged() -> None:
    said = ["yes", "no"] * 100
    logged = {"accuracy": 0.5, "f1": 0.5}
    found = report(predicted(said), told(said), logged, names=("f1",))
    assert [each.metric for each in found.metrics] == ["f1"]
