"""What a deployment is made of before a worker gets it."""

from types import SimpleNamespace

import pytest

from labline.errors import BadInput, NotFound, Unreachable
from labline.lab.ordering import Order, prepare
from labline.settings import RolloutSettings, StageSettings

STAGES = {
    "staging": StageSettings(),
    "prod": StageSettings(instances=3, rollout=RolloutSettings()),
    "safe": StageSettings(gates=("rollback",)),
}


def lab(*, live: int = 0, up: bool = True):
    """Return a lab whose endpoint ``churn`` is served by `live` instances."""
    release = SimpleNamespace(ports=range(live))
    status = SimpleNamespace(name="churn", live=release if live else None)

    def get(name: str):
        if name != "churn" or not live:
            raise NotFound("none")
        return status

    policy = SimpleNamespace(stages=STAGES, stage=STAGES.__getitem__)
    return SimpleNamespace(
        rules=policy,
        platform=SimpleNamespace(running=up),
        version=lambda reference: SimpleNamespace(label="churn/4", name="churn"),
        endpoints=SimpleNamespace(get=get, list=lambda: [status] if live else []),
    )


@pytest.mark.parametrize(
    ("order", "live", "instances"),
    [
        (Order("churn/4"), 0, 1),
        (Order("churn/4"), 2, 2),
        (Order("churn@staging"), 2, 2),
        (Order("churn@prod"), 2, 3),
        (Order("churn@prod", instances=5), 2, 5),
        (Order("churn/4", endpoint="other"), 2, 1),
        (Order("churn@archive"), 2, 2),
    ],
)
def test_instances_are_as_told_as_the_stage_says_or_as_many_as_are_live(order, live, instances):
    assert prepare(lab(live=live), order).payload["instances"] == instances


@pytest.mark.parametrize(
    ("order", "live", "workflow"),
    [
        (Order("churn@prod"), 1, "rollout"),
        (Order("churn@prod"), 0, "deployment"),
        (Order("churn@prod", now=True), 1, "deployment"),
        (Order("churn@prod", canary=5), 1, "deployment"),
        (Order("churn@prod", shadow=True), 1, "deployment"),
        (Order("churn@staging"), 1, "deployment"),
        (Order("churn/4"), 1, "deployment"),
    ],
)
def test_a_stage_with_a_rollout_takes_over_by_it_unless_told_otherwise(order, live, workflow):
    assert prepare(lab(live=live), order).workflow == workflow


def test_a_stage_that_asks_for_a_way_back_has_it_proven_unless_told_otherwise():
    orders = (Order("churn@safe"), Order("churn@safe", now=True), Order("churn@staging"))
    proven = [prepare(lab(live=1), order).payload["prove"] for order in orders]
    assert proven == [True, False, False]


def test_a_new_endpoint_is_fresh():
    assert prepare(lab(), Order("churn/4")).fresh
    assert not prepare(lab(live=1), Order("churn/4")).fresh


@pytest.mark.parametrize(
    ("order", "what"),
    [(Order("churn/4", instances=0), "0 instances"), (Order("churn/4", canary=100), "100 is no")],
)
def test_what_cannot_be_is_refused_before_anything_is_queued(order, what):
    with pytest.raises(BadInput, match=what):
        prepare(lab(), order)


def test_without_a_platform_nothing_is_asked_of_it():
    with pytest.raises(Unreachable, match="not up"):
        prepare(lab(up=False), Order("churn/4"))


@pytest.mark.parametrize(
    ("name", "like"),
    [("My Model", "my-model"), ("l" * 70, "l" * 63), ("livez", "NAME"), ("Ü", "NAME")],
)
def test_a_name_that_no_endpoint_may_have_is_refused_before_anything_is_built(name, like):
    with pytest.raises(BadInput, match="cannot be the name of an endpoint") as refused:
        prepare(lab(), Order("churn/4", endpoint=name))
    assert f"--endpoint {like}\n" in refused.value.fix
