"""Whether a window is still like the reference."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from labline.datasets.profile import profile
from labline.errors import BadSettings
from labline.monitoring import looking
from labline.monitoring.decoding import Row
from labline.monitoring.drift import Bins, contributions
from labline.monitoring.log import Span
from labline.monitoring.looking import Window, reference, report
from labline.monitoring.report import ColumnDrift, DriftReport, Outcome
from labline.settings import DriftSettings


def table(rows: int = 2000, seed: int = 0, shift: float = 0.0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": generator.normal(40 + shift, 10, rows),
            "city": generator.choice(["Bonn", "Jena", "Ulm"], rows, p=[0.5, 0.3, 0.2]),
            "always": 1.0,
        }
    )


def trained(frame: pd.DataFrame, predictions: list[Any] | None = None) -> Any:
    training = json.loads(json.dumps({**profile(frame, "X_train")}))
    holdout = {"rows": [{"age": 1.0}], "predictions": predictions} if predictions else None
    return reference(training, holdout)


def rows_of(frame: pd.DataFrame, predictions: list[Any] | None = None) -> list[Row]:
    said = predictions or [None] * len(frame)
    return [
        Row(f"r{n}", 0, float(n), "churn/1", 1, 1.0, inputs, prediction, None)
        for n, (inputs, prediction) in enumerate(zip(frame.to_dict("records"), said, strict=True))
    ]


def look(found: list[Row], known: Any, **rule: Any) -> DriftReport:
    window = Window("churn", "churn/1", Span(0.0, 86400.0), len(found), found)
    return report(window, known, DriftSettings(**rule), at=1.0)


def column(found: DriftReport, name: str) -> ColumnDrift:
    return next(each for each in found.columns if each.column == name)


def test_new_rows_of_the_same_world_are_stable() -> None:
    found = look(rows_of(table(500, seed=1)), trained(table()))
    assert found.outcome is Outcome.STABLE
    assert {each.outcome for each in found.columns} == {Outcome.STABLE}
    assert "The 500 rows of the last 24 hours are like the 2000 rows of X_train" in found.says


@pytest.mark.parametrize("test", ["psi", "ks", "chi2", "js"])
def test_a_column_that_moved_is_named_first_whatever_the_test(test: str) -> None:
    found = look(rows_of(table(500, seed=1, shift=12)), trained(table()), test=test)
    assert found.outcome is Outcome.DRIFTED
    assert [each.column for each in found.drifted] == ["age"]
    assert found.columns[0].column == "age"
    assert found.says.startswith("1 of 3 columns drifted from the 2000 rows of X_train: age.")
    assert "%prod rows churn --drifted" in found.fix


def test_few_rows_are_not_judged_and_what_would_help_is_told() -> None:
    found = look(rows_of(table(30, shift=50)), trained(table()))
    assert found.outcome is Outcome.NOT_JUDGED
    assert found.says == (
        "churn/1 was asked 30 rows in the last 24 hours; fewer than 200 tell nothing."
    )
    assert "--last 7d" in found.fix


def test_by_few_rows_chance_raises_the_limit_and_many_columns_raise_it_further() -> None:
    one = look(rows_of(table(60)[["age"]]), trained(table(200)), rows=20)
    generator = np.random.default_rng(3)
    wide = pd.DataFrame(generator.normal(0, 1, (260, 40)), columns=[f"x{n}" for n in range(40)])
    many = look(rows_of(wide[200:]), trained(wide[:200]), rows=20)
    limits = column(one, "age").limit, column(many, "x0").limit
    assert limits[0] is not None
    assert limits[1] is not None
    assert 0.2 < limits[0] < limits[1]
    assert many.outcome is Outcome.STABLE
    assert "few rows reach more by chance" in column(many, "x0").says


def test_a_column_that_was_always_the_same_and_is_so_no_more_drifted() -> None:
    window = table(500, seed=1).assign(always=2.0)
    found = look(rows_of(window), trained(table()))
    assert [each.column for each in found.drifted] == ["always"]
    assert found.drifted[0].bins[-1].name == "> 1"


def test_nulls_where_there_were_none_are_a_drift() -> None:
    window = table(500, seed=1)
    window["age"] = window["age"].astype(object)
    window.loc[window.index[:200], "age"] = None
    found = look(rows_of(window), trained(table()))
    assert [each.column for each in found.drifted] == ["age"]
    (null,) = [bin for bin in found.drifted[0].bins if bin.name == "null"]
    assert (null.reference, null.window) == (0.0, 0.4)


def test_a_category_that_was_never_seen_is_a_drift() -> None:
    window = table(500, seed=1)
    window.loc[window.index[:300], "city"] = "Kiel"
    found = look(rows_of(window), trained(table()))
    assert [each.column for each in found.drifted] == ["city"]


def test_predictions_are_held_against_those_on_held_out_rows() -> None:
    before, now = ["yes", "no"] * 500, ["yes"] * 500
    found = look(rows_of(table(500, seed=1), list(now)), trained(table(), before))
    assert [(each.column, each.of) for each in found.drifted] == [("prediction", "prediction")]
    off = look(rows_of(table(500, seed=1), list(now)), trained(table(), before), predictions=False)
    assert off.outcome is Outcome.STABLE


def test_what_cannot_be_compared_says_why() -> None:
    known = table().assign(note=[f"note {n}" for n in range(2000)])
    found = look(rows_of(table(500, seed=1).assign(note="x", new=1)), trained(known))
    assert column(found, "note").outcome is Outcome.NOT_JUDGED
    assert "too many different words" in column(found, "note").says
    assert "the reference has no such column" in column(found, "new").says
    assert found.outcome is Outcome.STABLE


def test_only_the_columns_that_the_policy_names_are_judged() -> None:
    window = rows_of(table(500, seed=1, shift=12))
    found = look(window, trained(table()), features=("city",))
    assert [each.column for each in found.columns] == ["city"]
    assert found.outcome is Outcome.STABLE
    with pytest.raises(BadSettings, match="names 'cty', which is no input") as caught:
        look(window, trained(table()), features=("cty",))
    assert "'city'" in caught.value.fix


def test_without_a_reference_it_is_told_how_to_log_one() -> None:
    assert reference(None, None) is None
    found = look(rows_of(table(500)), None)
    assert found.outcome is Outcome.NOT_JUDGED
    assert "keeps nothing of its training set" in found.says
    assert "--train X_train,y_train" in found.fix


def test_without_a_training_set_the_held_out_rows_are_the_reference() -> None:
    held = table(600).to_dict("records")
    known = reference(None, {"rows": held, "predictions": [1.0] * 600})
    found = look(rows_of(table(500, seed=1, shift=12)), known)
    assert found.reference == "the 600 held-out rows of the run"
    assert [each.column for each in found.drifted] == ["age"]


def test_rows_of_an_array_are_columns_by_place() -> None:
    values = np.random.default_rng(0).normal(0, 1, (1000, 2))
    known = reference(None, {"rows": values.tolist(), "predictions": [0.0] * 1000})
    window = pd.DataFrame(values[:500] + np.array([0, 3]), columns=["0", "1"])
    assert [each.column for each in look(rows_of(window), known).drifted] == ["1"]


def test_the_index_is_what_rows_contribute_less_what_the_reference_does() -> None:
    before, now = table()["age"].tolist(), table(500, seed=1, shift=12)["age"].tolist()
    known = profile(pd.DataFrame({"age": before}), "X")["columns"]["age"]
    bins = Bins.of(known)
    assert bins is not None
    scores = contributions(known, now)
    by_bin = dict(zip(bins.places(now), scores, strict=True))
    expected = sum(by_bin.get(place, 0.0) for place in bins.places(before)) / len(before)
    found = look(rows_of(pd.DataFrame({"age": now})), trained(pd.DataFrame({"age": before})))
    value = column(found, "age").value
    assert value is not None
    assert np.mean(scores) - expected == pytest.approx(value, rel=0.1)


def test_rows_that_speak_for_the_drift_are_marked_with_what_says_most() -> None:
    old, new = table(300, seed=1), table(300, seed=2, shift=25)
    rows = rows_of(pd.concat([old, new], ignore_index=True))
    known = trained(table())
    marks = looking.marked(rows, known, look(rows, known))
    assert (
        np.mean([mark[0] for mark in marks[300:]]) > 0 > np.mean([mark[0] for mark in marks[:300]])
    )
    assert {mark[1] for mark in marks if mark[0] > 0} == {"age"}


def test_a_report_goes_over_the_wire() -> None:
    from labline.records import to_dict

    found = look(rows_of(table(500, seed=1, shift=12)), trained(table()))
    assert json.loads(json.dumps(to_dict(found)))["outcome"] == "drifted"


def test_a_report_shows_itself_with_histograms_and_harmless_names() -> None:
    frame = table().rename(columns={"city": "<b>city"})
    window = table(500, seed=1, shift=12).rename(columns={"city": "<b>city"})
    shown = look(rows_of(window), trained(frame))._repr_mimebundle_()
    assert "drifted     age" in shown["text/plain"]
    assert "&lt;b&gt;city" in shown["text/html"]
    assert "<b>" not in shown["text/html"]
    assert 'aria-label="age: shares in training and in the window"' in shown["text/html"]
    assert "% in training" in shown["text/html"]
