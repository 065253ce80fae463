"""Rollouts as durable workflows, with real traffic behind a real gateway."""

import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from tests.platforms import Line, eventually, project, traffic

from labline.deployment import Trial
from labline.errors import Refused
from labline.lab.rolling import Rolling
from labline.records import JobStatus, Release, ReleaseState
from labline.settings import RolloutSettings, StageSettings
from labline.workflows import Workflows

RULES = {
    "steps": [10, 50, 100],
    "every": "2s",
    "abort": {"error_rate": 0.01, "min_requests": 10, "window": "30s"},
}
#: a good candidate is not held to these: a machine that is busy makes it wait, too
QUICK = {**RULES, "abort": {**RULES["abort"], "p99_ms": 1000}}

#: as a team would have them; a step lasts longer than a bad candidate does
STRICT = {
    "steps": [25, 100],
    "every": "60s",
    "abort": {"error_rate": 0.01, "p99_ms": 1000, "min_requests": 30, "window": "15s"},
}


@dataclass
class Rolled:
    """One line with a rollout of ``churn/2``, and what became of it."""

    line: Line
    workflows: Workflows
    ledger: list[tuple[str, int]]
    #: why the ledger says that it was aborted
    reasons: list[str]
    #: seconds that the rules look back
    window: float

    def start(self) -> str:
        payload = {"stage": "prod", "endpoint": "churn", "actor": "ada"}
        return self.workflows.submit("rollout", payload)

    def end(self, id: str) -> Any:
        state = self.workflows.wait(id, timeout=120)
        assert state.status.ended
        return state


@pytest.fixture
def rolled(tmp_path, free_port, leaves_nothing_running, request):
    with project(tmp_path, free_port) as line:
        line.platform.up()
        line.deploy(1)
        mood, given = request.param if isinstance(request.param, tuple) else (request.param, RULES)
        rules = RolloutSettings.model_validate(given)
        stages = {"prod": StageSettings(rollout=rules)}
        settings = line.settings.model_copy(update={"stages": stages})
        lab = SimpleNamespace(settings=settings, rules=settings, endpoints=line.endpoints)
        ledger: list[tuple[str, int]] = []
        reasons: list[str] = []

        def begin(flow, payload) -> Release:
            trial = Trial(weight=payload["canary"])
            return flow.step("begin", lambda: line.deploy(2, mood=mood, trial=trial))

        def record(what: str, release: Release, *_: str) -> None:
            ledger.append((what, release.weight))
            reasons.append(release.reason)

        workflows = Workflows(lab.settings, line.database)
        workflows.register("rollout", Rolling(lab, begin, record).run, queue="rollouts")
        with workflows.executor():
            yield Rolled(line, workflows, ledger, reasons, rules.abort.window)
        workflows.close()


@pytest.mark.parametrize("rolled", ["serve"], indirect=True)
def test_a_good_candidate_takes_over_by_steps_without_a_lost_request(rolled):
    with traffic(rolled.line) as seen:
        release = rolled.end(rolled.start()).result
    assert release.state is ReleaseState.LIVE
    assert rolled.ledger == [("shifted", 50), ("deployed", 0)]
    assert {status for status, _ in seen} == {200}
    assert {each for _, each in seen} == {"1", "2"}
    assert rolled.line.serves(2)


@pytest.mark.parametrize(
    ("rolled", "why"),
    [
        ("flaky", "requests failed"),
        (("sleepy", QUICK), "p99 was"),
        pytest.param(("flaky", STRICT), "requests failed", marks=pytest.mark.proof),
        pytest.param(("sleepy", STRICT), "p99 was", marks=pytest.mark.proof),
    ],
    indirect=["rolled"],
)
def test_a_candidate_that_fails_or_is_slow_is_aborted_by_rule_within_two_windows(rolled, why):
    candidate = rolled.line.platform.releases.candidate
    with traffic(rolled.line) as seen:
        id = rolled.start()
        eventually(lambda: candidate("churn"), 60)
        began = time.monotonic()
        eventually(lambda: not candidate("churn"), 2 * rolled.window)
        print(f"aborted after {time.monotonic() - began:.1f} s; window {rolled.window:g} s")
        release = rolled.end(id).result
        back = len(seen)
        eventually(lambda: len(seen) > back + 50)
    assert {each for _, each in seen[back + 8 :]} == {"1"}
    assert release.state is ReleaseState.ABORTED
    assert why in release.reason
    assert (rolled.ledger[-1][0], rolled.reasons[-1]) == ("aborted", release.reason)
    (share,) = rolled.line.endpoints.get("churn").traffic
    assert (share.model, share.weight) == ("churn/1", 100)
    assert rolled.line.serves(1)


@pytest.mark.parametrize("rolled", ["serve"], indirect=True)
def test_a_rollout_is_refused_where_what_serves_does_not_boot_any_more(rolled):
    script = rolled.line.root / "server.py"
    script.write_text("raise SystemExit('disk gone')")
    state = rolled.end(rolled.start())
    assert state.status is JobStatus.FAILED
    assert isinstance(state.error, Refused)
    assert "does not boot any more" in state.error.message
    assert "disk gone" in state.error.message
    assert rolled.line.serves(1)
    assert [each.release for each in rolled.line.endpoints.get("churn").traffic] == [1]


@pytest.mark.parametrize("rolled", ["serve"], indirect=True)
def test_a_rollout_that_somebody_aborts_by_hand_ends(rolled):
    id = rolled.start()
    while not rolled.line.platform.releases.candidate("churn"):
        time.sleep(0.05)
    candidate = rolled.line.endpoints.candidate("churn")
    rolled.line.endpoints.abort(candidate.id, "changed my mind")
    assert rolled.end(id).result.reason == "changed my mind"
    assert rolled.line.serves(1)
