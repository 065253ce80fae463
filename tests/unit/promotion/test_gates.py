"""Gates are pure: evidence in, verdict out."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from labline.errors import BadSettings
from labline.promotion import (
    Evidence,
    Gate,
    Outcome,
    Replay,
    Subject,
    Verdict,
    comparison,
    gates,
)
from labline.promotion.gates import ReplayGate, SignatureGate
from labline.promotion.metric_gate import MetricGate
from labline.records import Run
from labline.settings import MetricSettings, ReplaySettings, StageSettings

SIGNATURE = {"inputs": [{"name": "a", "type": "double"}], "outputs": [{"type": "double"}]}


def run(**metrics: float) -> Run:
    return Run("f" * 32, "calm-owl", "penguins", "FINISHED", 0.0, 1.0, {}, metrics, {})


def subject(version: int | None = 2, **metrics: float) -> Subject:
    return Subject("penguins", version, run(**metrics), (), SIGNATURE)


def evidence(champion: Mapping[str, float] | None = None, **metrics: float) -> Evidence:
    held = None if champion is None else subject(1, **champion)
    return Evidence(subject(**metrics), held)


def stage(**metric: Any) -> StageSettings:
    return StageSettings(metric=MetricSettings(**metric) if metric else None)


def test_a_model_with_inputs_and_outputs_passes_signature() -> None:
    assert SignatureGate().judge(evidence(), stage()).outcome is Outcome.PASSED


@pytest.mark.parametrize("signature", [None, {}, {"inputs": [], "outputs": []}])
def test_a_model_without_a_signature_is_refused_with_the_magic_that_adds_it(
    signature: Mapping[str, Any] | None,
) -> None:
    bare = Evidence(replace(subject(), signature=signature))
    verdict = SignatureGate().judge(bare, stage())
    assert verdict.outcome is Outcome.FAILED
    assert "%log --model model --data" in verdict.fix


def test_a_metric_below_its_minimum_names_value_limit_and_fix() -> None:
    verdict = MetricGate().judge(evidence(r2=0.7), stage(name="r2", min=0.8))
    assert verdict.outcome is Outcome.FAILED
    assert verdict.reason == "r2 is 0.7, the limit is at least 0.8."
    assert verdict.fix == "Train a candidate with r2 >= 0.8."
    assert (verdict.evidence["value"], verdict.evidence["limit"]) == (0.7, 0.8)


def test_a_metric_at_its_limit_passes() -> None:
    assert MetricGate().judge(evidence(r2=0.8), stage(name="r2", min=0.8)).passed
    assert MetricGate().judge(evidence(mae=3.0), stage(name="mae", max=3.0)).passed


def test_a_metric_above_its_maximum_is_refused() -> None:
    assert not MetricGate().judge(evidence(mae=4.0), stage(name="mae", max=3.0)).passed


def test_a_metric_that_the_run_lacks_suggests_the_nearest() -> None:
    verdict = MetricGate().judge(evidence(roc_auc=0.9), stage(name="roc_acu", min=0.8))
    assert verdict.outcome is Outcome.FAILED
    assert "Did you mean 'roc_auc'?" in verdict.reason


def test_a_metric_that_is_nan_is_refused() -> None:
    verdict = MetricGate().judge(evidence(r2=float("nan")), stage(name="r2"))
    assert verdict.outcome is Outcome.FAILED
    assert "NaN" in verdict.reason


def test_a_stage_that_says_nothing_of_the_metric_is_told_what_to_add() -> None:
    verdict = MetricGate().judge(evidence(r2=1.0), stage())
    assert "metric = {" in verdict.fix


@pytest.mark.parametrize(
    ("value", "better_up", "passes"),
    [(0.79, True, False), (0.80, True, True), (0.9, True, True), (0.9, False, False)],
)
def test_a_candidate_is_held_against_the_champion(
    value: float, better_up: bool, passes: bool
) -> None:
    rule = stage(name="m", versus_champion=-0.005, greater_is_better=better_up)
    verdict = MetricGate().judge(evidence({"m": 0.8}, m=value), rule)
    assert verdict.passed is passes
    assert "penguins/1" in verdict.reason


def test_the_first_candidate_has_no_champion_to_beat() -> None:
    assert MetricGate().judge(evidence(m=0.1), stage(name="m", versus_champion=0.5)).passed


def replayed(rerun: Mapping[str, float], tolerance: float = 1e-6, **recorded: float) -> Verdict:
    shown = replace(evidence(**recorded), replay=Replay(metrics=rerun, run_id="r"))
    return ReplayGate().judge(shown, StageSettings(replay=ReplaySettings(tolerance=tolerance)))


def test_equal_metrics_pass_replay() -> None:
    assert replayed({"r2": 0.5, "mae": 1.0}, r2=0.5, mae=1.0).passed


def test_a_metric_that_differs_is_named_with_both_values() -> None:
    verdict = replayed({"r2": 0.4}, r2=0.5)
    assert verdict.outcome is Outcome.FAILED
    assert "r2: recorded 0.5, rerun 0.4" in verdict.reason


def test_a_mismatch_names_the_cells_that_explain_it() -> None:
    cells = "cells 3 and 5 ran out of order; cell 4 was edited after it ran"
    shown = replace(evidence(r2=0.5), replay=Replay(metrics={"r2": 0.4}, cells=cells))
    verdict = ReplayGate().judge(shown, StageSettings())
    assert verdict.reason.endswith(f"As recorded, {cells}.")
    assert verdict.evidence["cells"] == cells
    same = replace(shown, replay=Replay(metrics={"r2": 0.5}, cells=cells))
    assert cells not in ReplayGate().judge(same, StageSettings()).reason


def test_a_difference_within_tolerance_passes() -> None:
    assert replayed({"r2": 0.5001}, tolerance=1e-3, r2=0.5).passed


def test_a_metric_that_the_rerun_lacks_is_named() -> None:
    assert "did not log mae" in replayed({"r2": 0.5}, r2=0.5, mae=1.0).reason


def test_nan_equals_nan_and_nothing_else() -> None:
    nan = float("nan")
    assert replayed({"r2": nan}, r2=nan).passed
    assert not replayed({"r2": 0.5}, r2=nan).passed


def test_a_replay_that_raised_is_refused_with_its_error() -> None:
    shown = replace(evidence(), replay=Replay(error="cell 3 raised NameError", fix="Define it."))
    verdict = ReplayGate().judge(shown, StageSettings())
    assert "cell 3 raised NameError" in verdict.reason
    assert verdict.fix == "Define it."


class _Broken(Gate):
    name = "broken"

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        raise ZeroDivisionError("nought")


def test_a_gate_that_raises_has_failed_with_its_traceback_as_evidence() -> None:
    (verdict,) = gates.judge([_Broken()], evidence(), StageSettings())
    assert verdict.outcome is Outcome.FAILED
    assert "ZeroDivisionError: nought" in verdict.reason
    assert "Traceback" in verdict.evidence["traceback"]


def test_a_gate_that_is_not_installed_suggests_the_nearest() -> None:
    with pytest.raises(BadSettings, match="'metrik', which is not installed") as caught:
        gates.load(("metrik",), "prod")
    assert caught.value.fix == "Did you mean 'metric'?"


def test_a_stage_that_comes_after_another_wants_it_held() -> None:
    after = StageSettings(after="staging")
    (verdict,) = gates.check_order(evidence(), after)
    assert verdict.outcome is Outcome.FAILED
    assert "penguins/2 does not hold staging" in verdict.reason
    held = Evidence(replace(subject(), stages=("staging",)))
    assert gates.check_order(held, after)[0].passed
    assert gates.check_order(evidence(), StageSettings()) == []


HOUR = 3600.0


def soaked(hours: float | None, soak: str = "1d") -> tuple[Verdict, ...]:
    """Judge a version that has held staging for some hours by noon of 1 January 2026."""
    noon = 1767268800.0
    since = None if hours is None else noon - hours * HOUR
    held = Evidence(replace(subject(), stages=("staging",)), at=noon, since=since)
    return tuple(gates.check_order(held, StageSettings(after="staging", soak=soak)))


def test_a_version_that_has_soaked_long_enough_passes() -> None:
    after, soak = soaked(24)
    assert after.passed
    assert (soak.gate, soak.reason) == ("soak", "penguins/2 has held staging for 1 day")
    assert soak.passed


def test_a_soak_that_is_not_over_is_told_with_when_it_is() -> None:
    _, soak = soaked(5.5)
    assert soak.outcome is Outcome.FAILED
    assert soak.reason == (
        "penguins/2 has held staging for 330 minutes; the soak of 1 day is over at "
        "2026-01-02 06:30 UTC."
    )
    assert soak.fix.startswith("Ask again then: labline promote penguins/2")


def test_a_version_of_which_the_ledger_knows_nothing_has_not_soaked() -> None:
    _, soak = soaked(None)
    assert soak.outcome is Outcome.FAILED
    assert "labline promote penguins/2 --to staging" in soak.fix


def test_a_version_that_does_not_hold_the_stage_before_is_told_that_alone() -> None:
    (verdict,) = gates.check_order(evidence(), StageSettings(after="staging", soak="1h"))
    assert verdict.gate == "after"


# -- metric, on held-out rows ----------------------------------------------------------------------


def held_out(noise: Mapping[str, float], rival: float | None = None, **rule: Any) -> Verdict:
    """Judge predictions that are off by `noise` where ``kind`` is so."""
    rows = [{"kind": "ab"[n % 2]} for n in range(60)]
    truth = [float(n % 7) for n in range(60)]
    away = [(n * 37 % 11 - 5) / 5 for n in range(60)]
    guess = [t + noise[r["kind"]] * e for t, r, e in zip(truth, rows, away, strict=True)]
    kept = {"rows": rows, "labels": truth, "predictions": guess}
    other = rival and {"predictions": [t + rival * e for t, e in zip(truth, away, strict=True)]}
    compared = comparison.compare(kept, other or None, {"mae": 0.0}, slices=rule.get("slices", ()))
    value = compared.find("mae")
    assert value is not None
    assert value.candidate.value is not None
    shown = evidence({"mae": 9.0} if rival else None, mae=value.candidate.value)
    rule = {"name": "mae", "greater_is_better": False, **rule}
    return MetricGate().judge(replace(shown, comparison=compared), stage(**rule))


def test_a_slice_beyond_its_limit_is_refused_though_the_whole_passes() -> None:
    verdict = held_out({"a": 0.1, "b": 2.0}, max=1.0, slices=("kind",))
    assert verdict.outcome is Outcome.FAILED
    assert "where kind = b (30 rows), the limit for a slice is at most 1" in verdict.reason
    assert verdict.evidence["slice"] == "kind = b"
    assert held_out({"a": 0.1, "b": 2.0}, max=1.0, slices=("kind",), slice_max=3.0).passed


def test_a_slice_of_few_rows_is_told_and_not_judged() -> None:
    verdict = held_out({"a": 0.1, "b": 2.0}, max=1.2, slices=("kind",), slice_rows=31)
    assert verdict.passed
    assert "2 with fewer than 31 rows not judged" in verdict.reason


def test_a_slice_that_cannot_be_judged_is_refused_with_why() -> None:
    verdict = held_out({"a": 0.1, "b": 0.1}, max=1.0, slices=("colour",))
    assert verdict.outcome is Outcome.FAILED
    assert "There is no column 'colour' to slice by" in verdict.reason
    bare = MetricGate().judge(evidence(mae=0.1), stage(name="mae", slices=("kind",)))
    assert "the run keeps no held-out rows" in bare.reason


def test_the_champion_is_held_against_the_same_rows_not_its_logged_value() -> None:
    verdict = held_out({"a": 1.0, "b": 1.0}, rival=0.5, versus_champion=0.0)
    assert verdict.outcome is Outcome.FAILED
    assert "on the same 60 rows" in verdict.reason
    assert verdict.evidence["gain"] < 0
    assert verdict.evidence["gain_low"] < verdict.evidence["gain"] < verdict.evidence["gain_high"]


def test_a_policy_that_wants_certainty_looks_at_the_lower_end_of_the_interval() -> None:
    noise = {"a": 1.0, "b": 0.9}
    easy = held_out(noise, rival=1.0, versus_champion=0.02)
    strict = held_out(noise, rival=1.0, versus_champion=0.04, certain=True)
    assert (easy.passed, strict.passed) == (True, False)
    assert "the lower end of it must be at least +0.04" in strict.reason


# -- gates that do not behave, and gates of one's own ----------------------------------------------


class _Hanging(Gate):
    name = "hanging"

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        release.wait()
        return self.passed("at last")


class _Mute(Gate):
    name = "mute"

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        return None  # type: ignore[return-value]


class _Meeting(Gate):
    name = "meeting"

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        together.wait()
        return self.passed("met the other")


release = threading.Event()
together = threading.Barrier(2, timeout=30)


def test_a_gate_that_hangs_has_failed_and_where_it_hangs_is_the_evidence() -> None:
    rule = StageSettings(gate_timeout=2)
    try:
        hung, fine = gates.judge([_Hanging(), SignatureGate()], evidence(), rule)
    finally:
        release.set()
    assert hung.outcome is Outcome.FAILED
    assert hung.reason == "The gate itself came to no end in 2 s."
    assert "release.wait()" in hung.evidence["traceback"]
    assert fine.passed


def test_a_gate_that_says_nothing_has_failed() -> None:
    (verdict,) = gates.judge([_Mute()], evidence(), StageSettings())
    assert "judge returned a NoneType, not a Verdict" in verdict.reason


def test_gates_judge_side_by_side() -> None:
    first, second = gates.judge([_Meeting(), _Meeting()], evidence(), StageSettings())
    assert first.passed
    assert second.passed


def test_the_gate_in_the_docs_is_found_by_its_entry_point_and_judges(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (Path(__file__).parents[3] / "docs" / "promoting.md").read_text()
    code = page.partition("```python\n")[2].partition("```")[0]
    assert len(code.strip().splitlines()) < 20
    (tmp_path / "my_gates.py").write_text(code)
    info = tmp_path / "my_gates-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-gates\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[labline.gates]\ninputs = my_gates:SizeGate\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    asked = gates.load(("signature", "inputs"), "prod")
    verdicts = gates.judge(asked, evidence(), StageSettings())
    assert [item.gate for item in verdicts] == ["signature", "inputs"]
    assert verdicts[1].reason == "1 inputs"
    many = {"inputs": [{"name": str(n), "type": "double"} for n in range(51)], "outputs": [{}]}
    wide = Evidence(replace(subject(), signature=many))
    assert gates.judge(asked, wide, StageSettings())[1].outcome is Outcome.FAILED
