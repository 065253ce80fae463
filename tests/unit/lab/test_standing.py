"""What the ledger tells of the past."""

from typing import Any

import pytest

from labline.errors import BadInput
from labline.lab.standing import moment, standings
from labline.ledger import Entry


def entry(number: int, action: str, actor: str = "ada", **payload: Any) -> Entry:
    return Entry(number, float(number), actor, action, "churn", "", payload, str(number), "", "")


def promoted(number: int, version: int, stage: str = "prod") -> Entry:
    verdict = {"gate": "metric", "outcome": "passed", "reason": f"r2 is 0.{version}"}
    said = {"actor": "bob", "approved": True, "comment": "fine", "at": 1.0}
    return entry(
        number, "promoted", model="churn", version=version, stage=stage, verdicts=[verdict],
        approvals=[said], digest="d",
    )  # fmt: skip


def released(number: int, version: int, action: str = "deployed", actor: str = "eve") -> Entry:
    return entry(number, action, actor, model=f"churn/{version}", endpoint="churn")


def test_the_last_promotion_holds_the_stage_on_its_evidence() -> None:
    (found,) = standings([promoted(1, 1), promoted(2, 2)])
    assert (found.kind, found.name, found.version, found.entry) == ("stage", "prod", "churn/2", 2)
    assert found.evidence == {"metric": "r2 is 0.2"}
    assert found.approved == ("bob: fine",)


def test_an_endpoint_serves_what_was_rolled_back_to_on_that_versions_promotion() -> None:
    story = [promoted(1, 1), released(2, 1), promoted(3, 2), released(4, 2)]
    _, served = standings(story)
    assert (served.kind, served.version, served.promotion) == ("endpoint", "churn/2", 3)
    _, served = standings([*story, released(5, 1, "rolled back", "zoe")])
    assert (served.version, served.actor, served.promotion) == ("churn/1", "zoe", 1)


def test_what_was_never_promoted_is_served_on_no_evidence() -> None:
    (served,) = standings([released(1, 7)])
    assert (served.version, served.promotion, served.evidence) == ("churn/7", None, {})


def test_a_day_means_its_end() -> None:
    assert 0 < moment("2026-03-04T00:00") - moment("2026-03-03") < 1
    assert moment("2026-03-03T12:00+00:00") == 1772539200.0


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "", "2026-03-03T25:00"])
def test_what_is_no_time_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="is no time"):
        moment(text)
