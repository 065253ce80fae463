"""How an endpoint is watched, as a front end is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from labline.errors import BadSettings, NotFound
from labline.lab import retraining, watching
from labline.lab.retraining import Retrained
from labline.lab.views.monitors import MonitorViews, look_of, trails
from labline.monitoring.look import Look, decide
from labline.monitoring.realised import Kept, RealisedReport
from labline.monitoring.report import ColumnDrift, DriftReport, Outcome
from labline.promotion import PromotionState
from labline.records import JobStatus
from labline.settings import MonitorSettings, Settings
from labline.workflows import WorkflowState

AGE = ColumnDrift("age", "input", Outcome.DRIFTED, "age: far", 0.6, 0.2)
DONE = Retrained("churn", "churn", "drift", "j1", "r1", "p1", "staging")


def look(*columns: ColumnDrift, model: str = "churn/2", at: float = 1.0) -> Look:
    report = DriftReport(
        endpoint="churn", model=model, at=at, since=0.0, until=at, outcome=Outcome.DRIFTED,
        says="It drifted.", fix="", requests=9, rows=9, reference="X", test="psi", columns=columns,
    )  # fmt: skip
    labels = RealisedReport("churn", model, at, 0, 0, Kept.NOT_JUDGED, "", "")
    return decide(report, labels)


def state(id: str, *, result: Any = None, error: Exception | None = None, **more: Any) -> Any:
    status = more.pop("status", JobStatus.FAILED if error else JobStatus.SUCCEEDED)
    payload = {"why": "drift", "actor": "labline"}
    return WorkflowState(id, "monitor", status, payload, 5.0, result=result, error=error, **more)


def views(
    folder: Path, looks: list[Any], renewals: list[Any] | None = None, **more: Any
) -> MonitorViews:
    """Return views on workflows that are given: the newest first."""
    kept = {watching.MONITOR: looks, retraining.RETRAIN: renewals or []}
    promotion = more.get("promotion", PromotionState.NEEDS_APPROVAL)

    def find(id: str) -> Any:
        if promotion is None:
            raise NotFound("There is none.")
        return SimpleNamespace(state_at=lambda now: promotion)

    lab: Any = SimpleNamespace(
        endpoints=SimpleNamespace(get=lambda name: SimpleNamespace(
            live=SimpleNamespace(model="churn/2"))),
        rules=Settings(root=folder, monitor=MonitorSettings(capture=0.5, every=3600.0)),
        workflows=SimpleNamespace(
            list=lambda name, **_: kept[name],
            state=lambda id: state(id, status=more.get("judged", JobStatus.SUCCEEDED))),
        promotions=SimpleNamespace(find=find),
        retraining=SimpleNamespace(newest=lambda name: next(iter(renewals or []), None)),
    )  # fmt: skip
    return MonitorViews(lab)


def test_the_newest_look_at_what_is_live_is_told_with_those_before(tmp_path: Path) -> None:
    hand = state(watching.by_hand("churn"), result=look(AGE, at=9.0))
    clock = state("monitor-churn/7", result=look(model="churn/1", at=8.0))
    found = views(tmp_path, [hand, clock, state("monitor-churn/8", status=JobStatus.RUNNING)]).of(
        "churn"
    )
    assert (found.model, found.capture, found.every) == ("churn/2", 0.5, 3600.0)
    assert found.look is not None
    assert (found.look.at, found.look.by) == (9.0, "hand")
    assert [(each.by, each.model) for each in found.history] == [
        ("hand", "churn/2"), ("clock", "churn/1"),
    ]  # fmt: skip
    assert [(each.column, each.shares) for each in found.trails] == [
        ("age", (pytest.approx(3.0), None))
    ]
    assert found.failure is None


def test_a_look_that_failed_is_told_beside_the_last_that_did_not(tmp_path: Path) -> None:
    wrong = BadSettings("No column 'aeg'.", fix="Did you mean age?")
    bad = state("monitor-churn/8", error=wrong, ended=8.0)
    found = views(tmp_path, [bad, state("monitor-churn/7", result=look(AGE))]).of("churn")
    assert found.failure is not None
    assert (found.failure.message, found.failure.fix) == ("No column 'aeg'.", "Did you mean age?")
    assert [each.state for each in found.history] == ["failed", "drift"]
    assert found.look is not None
    assert look_of(bad) is None


def test_a_column_that_was_not_judged_leaves_a_gap(tmp_path: Path) -> None:
    silent = replace(AGE, outcome=Outcome.NOT_JUDGED, value=None, limit=None)
    (trail,) = trails([look(AGE), None, look(silent)])
    assert trail.shares == (pytest.approx(3.0), None, None)


@pytest.mark.parametrize(("renewal", "more", "says"), [
    ({"status": JobStatus.QUEUED}, {}, "queued"),
    ({"status": JobStatus.RUNNING}, {}, "training"),
    ({"error": BadSettings("No notebook.")}, {}, "failed"),
    ({"result": DONE}, {"judged": JobStatus.RUNNING}, "judging"),
    ({"result": DONE}, {}, "needs approval"),
    ({"result": DONE}, {"promotion": PromotionState.PROMOTED}, "promoted"),
    ({"result": DONE}, {"promotion": None}, "failed"),
])  # fmt: skip
def test_a_retraining_is_told_as_it_stands(
    renewal: dict[str, Any], more: dict[str, Any], says: str, tmp_path: Path
) -> None:
    found = views(tmp_path, [], [state("retrain-churn/1", **renewal)], **more).of("churn").renewal
    assert found is not None
    assert (found.state, found.why, found.actor) == (says, "drift", "labline")
    assert found.promotion == ("p1" if "result" in renewal else None)


def test_what_is_newest_is_told_of_each_endpoint(tmp_path: Path) -> None:
    looks = [
        state("monitor-churn/9", status=JobStatus.RUNNING), state("monitor-churn/8"),
        state("monitor-churn/7"), state("monitor-flats/hand-1"),
    ]  # fmt: skip
    renewals = [state("retrain-churn/monitor-churn/8", status=JobStatus.RUNNING)]
    found = views(tmp_path, looks, renewals).newest()
    assert set(found) == {"churn", "flats"}
    assert found["flats"].look == "monitor-flats/hand-1"
    churn = found["churn"]
    assert (churn.look, churn.renewal, churn.status) == (
        "monitor-churn/8", "retrain-churn/monitor-churn/8", "running",
    )  # fmt: skip
