import pytest

from labline.deployment.comparing import Comparison
from labline.deployment.meter import Figures, Sample, Totals, before, figures, thinned
from labline.deployment.rollouts import decide
from labline.settings import RolloutSettings

RULES = RolloutSettings.model_validate(
    {
        "steps": [5, 100],
        "every": "60s",
        "abort": {"error_rate": 0.01, "p99_ms": 200, "min_requests": 50},
    }
)
WELL = Figures(requests=100, errors=1, p99_ms=200.0)


@pytest.mark.parametrize(
    ("case", "move", "why"),
    [
        ({"lasted": 59}, "hold", "59 of 60 s"),
        ({}, "step", "100 requests, 1 % errors"),
        ({"step": Figures(requests=49)}, "hold", "waits for requests: 49 of 50"),
        ({"up": False, "lasted": 1}, "abort", "does not stay up"),
        ({"window": Figures(100, 2), "lasted": 1}, "abort", "2 of 100 requests failed (2 %,"),
        ({"window": Figures(49, 49), "lasted": 1}, "hold", "1 of 60 s"),
        ({"window": Figures(50, 0, p99_ms=201.0)}, "abort", "p99 was 201 ms, the limit is 200"),
    ],
)
def test_a_rollout_goes_on_waits_or_is_aborted_by_the_rules(case, move, why):
    facts = {"lasted": 60, "window": WELL, "step": WELL, "up": True}
    verdict = decide(RULES, **(facts | case))
    assert verdict.move == move
    assert why in verdict.reason


def test_figures_are_the_difference_of_two_samples():
    first = Sample(100.0, {1: Totals(10, 1, {1.0: 10})})
    last = Sample(110.0, {1: Totals(110, 6, {1.0: 60, 20.0: 45, 300.0: 5})})
    found = figures(1, first, last)
    assert (found.requests, found.errors, found.per_second) == (100, 5, 10.0)
    assert (found.p50_ms, found.p95_ms, found.p99_ms) == (1.0, 20.0, 300.0)
    assert found.error_rate == 0.05
    assert figures(2, first, last) == Figures()


def test_a_gateway_that_was_started_anew_counts_from_nothing():
    first, last = Sample(0.0, {1: Totals(500, 9, {1.0: 500})}), Sample(2.0, {1: Totals(4)})
    assert figures(1, first, last).requests == 4


def test_a_window_begins_with_the_last_sample_before_it():
    samples = [Sample(at, {}) for at in (1.0, 2.0, 3.0)]
    assert [before(samples, at).at for at in (0.0, 2.5, 9.0)] == [1.0, 2.0, 3.0]


def compared(requests: int, predictions: int, agreed: int) -> Comparison:
    share = agreed / predictions if predictions else None
    about = ("churn", "churn/1", "churn/2", 0.01)
    return Comparison(*about, requests, predictions, agreed=agreed, agreement=share)


@pytest.mark.parametrize(
    ("comparison", "lasted", "move", "why"),
    [
        (compared(50, 100, 98), 30, "step", "100 requests"),
        (compared(50, 100, 98), 29, "hold", "29 of 30 s"),
        (compared(49, 98, 98), 30, "hold", "waits for answers to compare: 49 of 50"),
        (compared(50, 100, 97), 1, "abort", "3 of 100 predictions differ from churn/1's (3 %, the"),
        (compared(49, 98, 0), 1, "hold", "1 of 30 s"),
        (compared(50, 0, 0), 30, "step", "100 requests"),
    ],
)
def test_a_shadow_that_answers_otherwise_is_aborted_by_rule(comparison, lasted, move, why):
    abort = RULES.abort.model_copy(update={"disagreement": 0.02})
    rules = RULES.model_copy(update={"shadow": 30.0, "abort": abort})
    facts = {"window": WELL, "step": WELL, "up": True}
    verdict = decide(rules, lasted=lasted, comparison=comparison, **facts)
    assert verdict.move == move
    assert why in verdict.reason


def test_samples_are_thinned_from_the_newest_on():
    samples = [Sample(at, {}) for at in (1.0, 2.0, 3.5, 4.0, 6.0)]
    assert [each.at for each in thinned(samples, 2.0)] == [2.0, 4.0, 6.0]
    assert thinned(samples, 0.0) == samples
    assert thinned([], 1.0) == []
