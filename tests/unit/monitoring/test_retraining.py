"""Whether a model is to be trained again."""

from __future__ import annotations

import pytest

from labline.monitoring.look import Alarm
from labline.monitoring.retraining import Before, decide
from labline.settings import RetrainSettings

DAY = 86400.0
RULE = RetrainSettings(notebook="train.ipynb", when=("drift", "metric_drop"), cooldown=DAY)
BOTH = (Alarm.DRIFT, Alarm.METRIC_DROP)


def test_what_the_policy_names_asks_for_it_and_is_the_reason() -> None:
    assert decide(BOTH, RULE, None, 0.0).says == "drift and metric_drop"
    drift_only = RULE.model_copy(update={"when": ("drift",)})
    assert decide(BOTH, drift_only, None, 0.0).says == "drift"
    assert not decide((Alarm.METRIC_DROP,), drift_only, None, 0.0).retrain
    assert not decide((), RULE, None, 0.0).retrain


def test_without_a_notebook_or_without_when_nothing_is_trained() -> None:
    assert not decide(BOTH, RetrainSettings(when=("drift",)), None, 0.0).retrain
    assert not decide(BOTH, RetrainSettings(notebook="train.ipynb"), None, 0.0).retrain


@pytest.mark.parametrize(
    ("before", "retrain", "says"),
    [
        (Before(at=0.0, runs=True, waits=False), False, "already"),
        (Before(at=0.0, runs=False, waits=True), False, "waits for somebody's approval"),
        (Before(at=9.5 * DAY, runs=False, waits=False), False, "less than 1 day ago"),
        (Before(at=9.0 * DAY, runs=False, waits=False), True, "drift"),
    ],
)
def test_one_at_a_time_and_not_too_often(before: Before, retrain: bool, says: str) -> None:
    decision = decide((Alarm.DRIFT,), RULE, before, 10 * DAY)
    assert decision.retrain is retrain
    assert says in decision.says
