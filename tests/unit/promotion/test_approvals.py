"""Who may decide on a promotion, and when."""

from dataclasses import replace
from typing import Any

import pytest

from labline.errors import BadInput, Refused
from labline.promotion import Approval, Outcome, Promotion, PromotionState, Verdict, gates
from labline.promotion.approvals import NotYours, check, missing, require_reason
from labline.settings import ApprovalSettings, StageSettings

PASSED = Verdict("signature", Outcome.PASSED, "1 inputs, 1 outputs")
FAILED = Verdict("metric", Outcome.FAILED, "r2 is 0.1")


def asked(required: int = 1, *, four_eyes: bool = True, **changes: Any) -> Promotion:
    stage = StageSettings(approvals=ApprovalSettings(required=required, four_eyes=four_eyes))
    verdicts = [PASSED, *gates.check_approvals([PASSED], "ada", stage)]
    made = Promotion(
        "abcdef0123", "churn", 3, "f" * 32, "prod", "ada", tuple(verdicts), None, {}, {}, False,
        False, asked=100.0, expires=200.0,
    )  # fmt: skip
    return replace(made, **changes)


def said(actor: str, *, approved: bool = True) -> Approval:
    return Approval(actor, approved, "", 110.0)


def test_a_promotion_that_passed_waits_until_it_expires() -> None:
    assert asked().state_at(199.0) is PromotionState.NEEDS_APPROVAL
    assert asked().state_at(200.0) is PromotionState.EXPIRED
    assert asked(promoted=True).state_at(300.0) is PromotionState.PROMOTED
    assert asked(dry_run=True).state is PromotionState.DRY_RUN
    assert asked(verdicts=(FAILED,)).state is PromotionState.REFUSED
    assert asked(approvals=(said("bob", approved=False),)).state is PromotionState.REJECTED


def test_a_promotion_survives_the_ledger() -> None:
    made = asked(approvals=(said("bob"),))
    assert Promotion.from_dict(made.to_dict()) == made


def test_an_entry_from_before_approvals_is_still_read() -> None:
    old = asked(promoted=True).to_dict()
    for name in ("asked", "expires", "approvals", "digest", "state"):
        del old[name]
    assert Promotion.from_dict(old).state is PromotionState.PROMOTED


def test_four_eyes_another_person_must_approve() -> None:
    check(asked(), "bob", approve=True, now=150.0)
    with pytest.raises(NotYours, match="ada asked for churn/3 -> prod") as caught:
        check(asked(), "ada", approve=True, now=150.0)
    assert "let somebody else run labline approve abcdef01" in caught.value.fix
    check(asked(four_eyes=False), "ada", approve=True, now=150.0)


def test_who_asked_may_withdraw() -> None:
    check(asked(), "ada", approve=False, now=150.0)


def test_what_expired_must_be_asked_for_again() -> None:
    with pytest.raises(Refused, match="has expired") as caught:
        check(asked(), "bob", approve=True, now=200.0)
    assert caught.value.fix == "Ask again: labline promote churn/3 --to prod"


def test_what_is_decided_stays_decided() -> None:
    with pytest.raises(Refused, match="it is rejected"):
        check(asked(approvals=(said("bob", approved=False),)), "eve", approve=True, now=150.0)
    with pytest.raises(Refused, match="it is promoted"):
        check(asked(promoted=True), "eve", approve=False, now=150.0)


def test_two_approvals_are_two_people() -> None:
    once = asked(2, approvals=(said("bob"),))
    assert (missing(asked(2)), missing(once)) == (2, 1)
    with pytest.raises(Refused, match="bob has approved") as caught:
        check(once, "bob", approve=True, now=150.0)
    assert "1 more must" in caught.value.fix
    check(once, "eve", approve=True, now=150.0)


def test_a_gate_that_asks_for_a_person_gets_one_where_the_stage_asks_for_none() -> None:
    asks = Verdict("risk", Outcome.NEEDS_APPROVAL, "The risk is high.")
    (verdict,) = gates.check_approvals([PASSED, asks], "ada", StageSettings())
    assert verdict.evidence["required"] == 1
    assert gates.check_approvals([PASSED], "ada", StageSettings()) == []


def test_a_rejection_without_a_reason_is_bad_input() -> None:
    assert require_reason(" worse ") == "worse"
    with pytest.raises(BadInput, match="needs a reason"):
        require_reason(" ")


def test_what_nobody_asked_for_waits_for_a_person_even_where_the_stage_asks_for_none() -> None:
    (verdict,) = gates.check_approvals([PASSED], "labline", StageSettings(), least=1)
    assert verdict.outcome is Outcome.NEEDS_APPROVAL
    assert verdict.evidence["required"] == 1
