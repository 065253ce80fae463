"""Approvals: what named people decide on a promotion that waits for them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from labline.errors import BadInput, NotFound, Refused
from labline.promotion import gates
from labline.promotion.evidence import (
    Approval,
    Evidence,
    Outcome,
    Promotion,
    PromotionState,
    Verdict,
)
from labline.promotion.patience import Flow, Patient, Stoppable
from labline.promotion.workflow import Promotions
from labline.tracking.registry import ModelAltered


class NotYours(Refused):
    """Who asked for a promotion may not approve it."""


@dataclass(frozen=True)
class Approvals:
    """The body of the approval workflow: record a decision, and carry it out."""

    promotions: Promotions

    def run(self, flow: Stoppable, payload: Mapping[str, Any]) -> Promotion:
        """Record what ``payload["actor"]`` decides on ``payload["promotion"]``.

        The approval that was still missing lets the candidate hold the stage. Before that it is
        judged again if the champion has changed, or the candidate itself.

        Raises
        ------
        Refused
            The promotion waits for nobody, or not for this person.
        """
        now = flow.step("clock", time.time)
        promotion = flow.step("decision", lambda: self._decide(payload, now))
        if promotion.state is not PromotionState.NEEDS_APPROVAL or missing(promotion):
            return promotion
        # The person has decided: it is carried out, MLflow away or not.
        return self._carry_out(Patient(flow, None), promotion)

    def _carry_out(self, flow: Flow, promotion: Promotion) -> Promotion:
        flow.publish("stage", "looking whether anything has changed")
        gone = flow.step("presence", lambda: self._withdrawn(promotion))
        if gone:
            return self._end(flow, replace(promotion, verdicts=(*promotion.verdicts, gone)))
        asked = {
            "candidate": f"{promotion.model}/{promotion.version}",
            "stage": promotion.stage,
            "actor": promotion.actor,
        }
        evidence = flow.step("comparison", lambda: self.promotions.evidence(asked))
        if self._changed(promotion, evidence):
            flow.publish("stage", "judging it again: the stage has another champion")
            again = self.promotions.judge(flow, asked)
            promotion = replace(
                promotion,
                verdicts=again.verdicts,
                champion=again.champion,
                champion_metrics=again.champion_metrics,
            )
        return self._end(flow, promotion)

    def _decide(self, payload: Mapping[str, Any], now: float) -> Promotion:
        history, actor = self.promotions.history, payload["actor"]
        known = history.decision(payload["promotion"], actor)
        if known and known.approvals[-1].at == now:
            # An earlier try of this very workflow got as far as the ledger.
            return known
        promotion = history.find(payload["promotion"])
        check(promotion, actor, approve=payload["approve"], now=now)
        decision = Approval(actor, payload["approve"], payload["comment"], now)
        promotion = replace(promotion, approvals=(*promotion.approvals, decision))
        history.decide(promotion)
        return promotion

    def _withdrawn(self, promotion: Promotion) -> Verdict | None:
        registry = self.promotions.tracking.registry
        try:
            registry.fetch(registry.version(f"{promotion.model}/{promotion.version}"))
        except (NotFound, ModelAltered) as error:
            return Verdict("candidate", Outcome.FAILED, error.message, error.fix)
        return None

    def _changed(self, promotion: Promotion, evidence: Evidence) -> bool:
        champion = evidence.champion.label if evidence.champion else None
        stage = self.promotions.settings.stage(promotion.stage)
        in_order = all(verdict.passed for verdict in gates.check_order(evidence, stage))
        return champion != promotion.champion or not in_order

    def _end(self, flow: Flow, promotion: Promotion) -> Promotion:
        return self.promotions.conclude(flow, _answered(promotion))


def check(promotion: Promotion, actor: str, *, approve: bool, now: float) -> None:
    """Return if `actor` may decide on `promotion` now.

    Raises
    ------
    Refused
        It waits for nobody, is too old, or the person has approved it already.
    NotYours
        Four eyes: the person asked for it.
    """
    what = f"{promotion.label} -> {promotion.stage} ({promotion.id[:8]})"
    state = promotion.state_at(now)
    if state is PromotionState.EXPIRED:
        raise Refused(
            f"{what} has expired: nobody decided in time.",
            fix=f"Ask again: labline promote {promotion.model}/{promotion.version} "
            f"--to {promotion.stage}",
        )
    if state is not PromotionState.NEEDS_APPROVAL:
        raise Refused(
            f"{what} does not wait for approval: it is {state}.",
            fix="See labline promotions list --waiting.",
        )
    if not approve:
        return
    if _question(promotion).get("four_eyes") and actor == promotion.actor:
        raise NotYours(
            f"{actor} asked for {what} and may not approve it.",
            fix=f"Four eyes: let somebody else run labline approve {promotion.id[:8]}",
        )
    if actor in {item.actor for item in promotion.approvals}:
        raise Refused(
            f"{actor} has approved {what} already.",
            fix=f"{missing(promotion)} more must: labline approve {promotion.id[:8]}",
        )


def missing(promotion: Promotion) -> int:
    """Return how many approvals a promotion still lacks."""
    given = sum(item.approved for item in promotion.approvals)
    return max(0, int(_question(promotion).get("required", 0)) - given)


def require_reason(why: str) -> str:
    """Return why somebody rejects.

    Raises
    ------
    BadInput
        They do not say.
    """
    if not why.strip():
        raise BadInput("A rejection needs a reason.", fix='Say it: --why "..."')
    return why.strip()


def _question(promotion: Promotion) -> Mapping[str, Any]:
    found = [item.evidence for item in promotion.open_questions if item.gate == "approvals"]
    return found[0] if found else {}


def _answered(promotion: Promotion) -> Promotion:
    """Return the promotion with its open questions answered by those who approved."""
    who = ", ".join(item.actor for item in promotion.approvals if item.approved)
    verdicts = tuple(
        replace(item, outcome=Outcome.PASSED, reason=f"approved by {who}", fix="")
        if item.outcome is Outcome.NEEDS_APPROVAL
        else item
        for item in promotion.verdicts
    )
    return replace(promotion, verdicts=verdicts)
