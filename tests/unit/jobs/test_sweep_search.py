"""How the points of a sweep are chosen."""

import math
from statistics import median

import pytest

from labline.errors import BadInput
from labline.jobs.sweeps.adaptive import Fact, hopeless, propose
from labline.jobs.sweeps.search import Goal, Kind, Search, Wanted, plan
from labline.jobs.sweeps.space import Range
from labline.records import JobStatus

GRID = {"a": (1, 2, 3), "b": ("x", "y")}
RANGE = {"alpha": Range(1e-4, 10, log=True), "kind": ("l1", "l2")}


def planned(space, *, policy=None, **wanted) -> Search:
    return plan(space, Wanted(**wanted), goal=policy, parallel=2)


def test_a_sweep_is_a_grid_unless_trials_are_counted():
    assert planned(GRID) == Search(Kind.GRID, 6, parallel=2)
    assert planned(GRID, trials=4).kind is Kind.RANDOM
    assert planned(RANGE, trials=4, metric="auc").kind is Kind.OPTUNA
    assert planned(RANGE, trials=4, metric="auc", kind="random").kind is Kind.RANDOM
    assert planned(GRID, trials=100, kind="random").trials == 6


@pytest.mark.parametrize(("space", "wanted", "says"), [
    ({}, {}, "over nothing has no values"),
    ({"a": ()}, {}, "over a has no values.*--sweep alpha"),
    (RANGE, {}, "No number of trials.*--trials 20"),
    (RANGE, {"kind": "grid"}, r"alpha~loguniform\(0.0001, 10\) has no end.*--search random"),
    (GRID, {"kind": "grid", "trials": 3}, "every point, not a number"),
    (GRID, {"kind": "optuna", "trials": 3}, "needs the metric.*--metric auc"),
    (GRID, {"prune": True}, "--prune needs the metric"),
    (GRID, {"trials": 0}, "no trials"),
    (RANGE, {"trials": 20_000}, "20000 trials; at most 10000"),
    ({"a": tuple(range(200)), "b": tuple(range(200))}, {}, "40000 trials"),
])  # fmt: skip
def test_what_does_not_go_together_is_refused_with_what_does(space, wanted, says):
    with pytest.raises(BadInput, match=f"(?s){says}"):
        planned(space, **wanted)


@pytest.mark.parametrize(("metric", "wanted", "policy", "goal"), [
    ("auc", None, None, "maximize"), ("rmse", None, None, "minimize"),
    ("val_loss", None, None, "minimize"), ("gloss", None, None, "maximize"),
    ("rmse", "maximize", None, "maximize"), ("score", None, Goal.MINIMIZE, "minimize"),
])  # fmt: skip
def test_the_goal_is_what_is_said_then_the_policys_then_the_names(metric, wanted, policy, goal):
    found = planned(GRID, metric=metric, goal=wanted, policy=policy)
    assert found.goal == goal


def test_chance_gives_the_same_points_again_and_others_with_another_seed():
    search = planned(RANGE, trials=8)
    points = search.points(RANGE)
    assert points == search.points(RANGE)
    assert points != planned(RANGE, trials=8, seed=1).points(RANGE)
    assert {point["kind"] for point in points} == {"l1", "l2"}


def test_of_a_finite_number_of_points_none_is_tried_twice():
    points = planned(GRID, trials=5).points(GRID)
    assert len({tuple(point.values()) for point in points}) == 5


def course(number: int, alpha: float, *values: float, **more) -> Fact:
    given = {"status": JobStatus.SUCCEEDED, "value": values[-1] if values else None, **more}
    return Fact(number, {"alpha": alpha, "kind": "l1"}, course=values, **given)


def loss(point) -> float:
    return (math.log10(point["alpha"]) + 2.0) ** 2 + (point["kind"] == "l2")


def test_the_same_facts_give_the_same_point():
    search = planned(RANGE, trials=30, metric="loss")
    facts = [course(number, number / 10, number / 10) for number in range(1, 12)]
    assert propose(RANGE, search, facts, 12) == propose(RANGE, search, facts, 12)


def test_optuna_learns_what_does_well():
    learned, by_chance = [], []
    for seed in (1, 2):
        search = planned(RANGE, trials=30, metric="loss", seed=seed)
        facts: list[Fact] = []
        for number in range(1, 31):
            point = propose(RANGE, search, facts, number)
            facts.append(Fact(number, point, JobStatus.SUCCEEDED, value=loss(point)))
        learned += [fact.value for fact in facts[15:]]
        by_chance += map(loss, planned(RANGE, trials=30, seed=seed).points(RANGE)[15:])
    assert median(learned) < 0.6 * median(by_chance)


def test_what_failed_was_pruned_or_runs_is_no_obstacle():
    search = planned(RANGE, trials=30, metric="auc")
    facts = [
        course(1, 0.1, 0.5),
        course(2, 0.2, status=JobStatus.FAILED),
        course(3, 0.3, 0.4, pruned=True, status=JobStatus.CANCELLED),
        course(4, 0.4, math.nan),
        course(5, 0.5, 0.1, status=JobStatus.RUNNING),
    ]
    assert set(propose(RANGE, search, facts, 6)) == {"alpha", "kind"}


def test_steps_and_lists_are_proposed_as_they_are():
    space = {
        "rate": Range(0, 1, step=0.25),
        "layers": ([8], [8, 8]),
        "depth": Range(1, 4, whole=True),
    }
    search = planned(space, trials=12, metric="auc")
    facts: list[Fact] = []
    for number in range(1, 13):
        point = propose(space, search, facts, number)
        assert point["rate"] in (0, 0.25, 0.5, 0.75, 1)
        assert point["layers"] in ([8], [8, 8])
        assert type(point["depth"]) is int
        facts.append(Fact(number, point, JobStatus.SUCCEEDED, value=point["rate"]))


def test_a_trial_that_stands_worse_than_half_of_those_before_is_hopeless():
    search = planned(RANGE, trials=30, metric="loss", prune=True)
    ended = [course(n, 0.1, 3.0, 2.0, 1.0 + n / 10) for n in range(1, 5)]
    running = {"status": JobStatus.RUNNING}
    bad, good = course(5, 0.1, 9.0, 8.0, **running), course(6, 0.1, 3.0, 1.0, **running)
    young = course(7, 0.1, 9.0, **running)
    found = hopeless(RANGE, search, [*ended, bad, good, young])
    assert set(found) == {5}
    assert "after 2 values its loss was 8" in found[5]
    assert hopeless(RANGE, search, [*ended[:2], bad]) == {}
