"""What a look at an endpoint comes to, and whether it is news."""

from __future__ import annotations

from dataclasses import replace

import pytest

from labline.lab import telling
from labline.monitoring.look import Alarm, Look, decide, is_news, lean
from labline.monitoring.realised import Kept, Realised, RealisedReport
from labline.monitoring.report import Bin, ColumnDrift, DriftReport, Outcome

AGE = ColumnDrift("age", "input", Outcome.DRIFTED, "age: far", 0.9, 0.2, (Bin("< 3", 0.1, 0.9),))
R2 = Realised("r2", 0.8, 0.5, 0.4, 0.6, Kept.DROPPED, "r2 is 0.5")


def look(drift: str = "stable", metrics: str = "not judged") -> Look:
    report = DriftReport(
        endpoint="churn", model="churn/1", at=1.0, since=0.0, until=1.0, outcome=Outcome(drift),
        says=f"It is {drift}.", fix="Train." if drift == "drifted" else "", requests=9, rows=9,
        reference="X", test="psi", columns=(AGE,) if drift == "drifted" else (),
    )  # fmt: skip
    realised = RealisedReport(
        endpoint="churn", model="churn/1", at=1.0, labels=60, joined=60, outcome=Kept(metrics),
        says=f"Metrics: {metrics}.", fix="Train.", metrics=(R2,) if metrics == "dropped" else (),
    )  # fmt: skip
    return decide(report, realised)


@pytest.mark.parametrize(
    ("drift", "metrics", "state"),
    [
        ("stable", "held", "fine"),
        ("stable", "not judged", "fine"),
        ("not judged", "held", "fine"),
        ("not judged", "not judged", "not judged"),
        ("drifted", "not judged", "drift"),
        ("stable", "dropped", "metric_drop"),
        ("drifted", "dropped", "drift and metric_drop"),
    ],
)
def test_drift_and_labels_make_one_state(drift: str, metrics: str, state: str) -> None:
    assert look(drift, metrics).state == state


def test_what_is_wrong_is_told_and_the_same_fix_once() -> None:
    both = look("drifted", "dropped")
    assert both.alarms == (Alarm.DRIFT, Alarm.METRIC_DROP)
    assert both.says == "It is drifted. Metrics: dropped."
    assert both.fix == "Train."
    assert look().says == "It is stable."


@pytest.mark.parametrize(
    ("before", "drift", "news"),
    [
        (None, "stable", False),
        (None, "drifted", True),
        ("drift", "drifted", False),
        ("drift", "stable", True),
        ("drift", "not judged", False),
        ("fine", "stable", False),
        ("metric_drop", "drifted", True),
    ],
)
def test_only_what_changes_is_news_and_a_quiet_night_ends_no_alarm(
    before: str | None, drift: str, news: bool
) -> None:
    assert is_news(before, look(drift)) is news


def test_people_are_told_what_is_wrong_and_when_it_is_over() -> None:
    first, second = telling.of_look(look("drifted", "dropped"), "w1")
    assert (first.type, second.type) == ("endpoint.drifted", "endpoint.dropped")
    assert first.title == "churn/1 on /churn has drifted"
    assert first.data["drifted"] == {"age": 0.9}
    assert second.data["dropped"] == {"r2": 0.5}
    assert "Train." in first.text
    (over,) = telling.of_look(look(), "w2")
    assert (over.type, over.id) == ("endpoint.recovered", "endpoint.recovered-w2")


def test_what_is_kept_of_each_look_has_only_the_bin_that_moved_most() -> None:
    wide = replace(AGE, bins=(Bin("< 3", 0.5, 0.4), Bin("> 3", 0.5, 0.9)))
    found = look("drifted")
    kept = lean(replace(found, drift=replace(found.drift, columns=(wide,))))
    assert kept.drift.columns[0].bins == (Bin("> 3", 0.5, 0.9),)
    assert kept.alarms == (Alarm.DRIFT,)
