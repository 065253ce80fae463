"""Registry versus reality, as a pure decision."""

from dataclasses import replace

import pytest

from labline.deployment.status import EndpointStatus, InstanceStatus, Share
from labline.lab.agreement import Registry, Word, compare
from labline.records import Release, ReleaseState

LIVE = Release(7, "churn", "churn:x", "churn/1", "/py", ReleaseState.LIVE, 0.0, ports=(1, 2))


def instance(number: int, says: str | None) -> InstanceStatus:
    state = "ready" if says else "starting"
    return InstanceStatus(
        "churn", 7, number, "churn/1", "churn:x", number, 1, state, says, 0, healthy=True
    )


def endpoint(*says: str | None, traffic: tuple[Share, ...] = ()) -> EndpointStatus:
    return EndpointStatus(
        name="churn",
        url="",
        live=LIVE,
        previous=None,
        state="ready",
        serving="churn/1",
        instances=tuple(instance(number, each) for number, each in enumerate(says, 1)),
        traffic=(Share(7, "churn/1", 100, 0), *traffic),
    )


def test_they_agree_where_the_stage_names_what_the_instances_say():
    found = compare(endpoint("churn/1", "churn/1"), Registry("prod", "churn/1"))
    assert found.word is Word.AGREES
    assert found.says == "prod is churn/1 in the registry, and that is served."


def test_after_a_rollback_the_stage_names_the_newer_version_and_both_ways_out_are_told():
    found = compare(endpoint("churn/1"), Registry("prod", "churn/2"))
    assert found.word is Word.DIFFERS
    assert found.says == "prod is churn/2 in the registry; the endpoint serves churn/1."
    assert "labline deploy churn@prod serves" in found.fix
    assert "labline promote churn/1 --to prod" in found.fix


def test_an_endpoint_with_a_name_of_its_own_is_in_the_fix():
    other = replace(endpoint("churn/1"), name="eu")
    assert "labline deploy churn@prod --endpoint eu" in compare(other, Registry("prod", "x/2")).fix


def test_an_instance_that_says_something_else_is_named():
    found = compare(endpoint("churn/1", "churn/3"), Registry("prod", "churn/1"))
    assert found.word is Word.DIFFERS
    assert found.says == "Recorded is churn/1, but instance 2 says churn/3."


def test_one_silent_instance_of_two_is_no_difference_but_all_are():
    assert compare(endpoint("churn/1", None), Registry("prod", "churn/1")).word is Word.AGREES
    found = compare(endpoint(None, None), Registry("prod", "churn/1"))
    assert (found.word, found.says) == (
        Word.SILENT,
        "No instance answers; recorded is churn/1.",
    )


@pytest.mark.parametrize(
    ("share", "how"),
    [(Share(8, "churn/2", 25, 0), "25 % of"), (Share(8, "churn/2", 0, 100), "copies of")],
)
def test_what_the_registry_names_may_be_on_trial(share, how):
    found = compare(endpoint("churn/1", traffic=(share,)), Registry("prod", "churn/2"))
    assert found.word is Word.ON_TRIAL
    assert f"on trial with {how}" in found.says


def test_without_a_stage_a_holder_a_registry_or_a_release_it_says_so():
    up = endpoint("churn/1")
    assert compare(up, Registry(None)).says.endswith("and follows no stage.")
    assert compare(up, Registry("prod")).says.startswith("No version holds prod;")
    assert compare(up, Registry("prod", answers=False)).word is Word.UNKNOWN
    assert compare(replace(up, live=None), Registry("prod", "churn/1")).word is Word.EMPTY


def test_what_another_host_serves_is_told():
    elsewhere = (replace(LIVE, host="host-b"),)
    found = compare(replace(endpoint(), live=None, elsewhere=elsewhere), Registry("prod"))
    assert found.says == "Nothing is live on this host; host-b serves churn/1."
