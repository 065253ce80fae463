"""Promotions that are asked for, decided on and not waited for."""

from __future__ import annotations

import builtins
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from labline.errors import Conflict, LablineError, NotFound, Unreachable
from labline.lab.errands.failures import failure_of
from labline.lab.followup import FollowUp, release_comment
from labline.lab.shapes import Decision, Moment, PromotionDetail, PromotionRow
from labline.promotion import Promotion, approvals
from labline.records import JobStatus

if TYPE_CHECKING:
    from labline.lab.errands.errands import Errands
    from labline.lab.service import Lab
    from labline.promotion.diff import Diff
    from labline.workflows import WorkflowState

_NOBODY = Decision(may_approve=False, may_reject=False)


@dataclass(frozen=True)
class PromotionErrands:
    """Ask for promotions, decide on them, and look what became of them."""

    errands: Errands

    @property
    def _lab(self) -> Lab:
        return self.errands.lab

    # -- ask ---------------------------------------------------------------------------------

    def ask(
        self,
        candidate: str,
        *,
        to: str,
        model: str | None = None,
        experiment: str | None = None,
        dry_run: bool = False,
        deploy: bool | None = None,
        actor: str,
    ) -> str:
        """Queue a promotion and return its id; see :meth:`labline.lab.Lab.promote`.

        Raises
        ------
        NotFound
            There is no such stage.
        Unreachable
            MLflow is away.
        """
        self._lab.rules.stage(to)
        self._lab.tracking.knock()
        payload = {
            "candidate": candidate,
            "stage": to,
            "model": model,
            "experiment": experiment,
            "dry_run": dry_run,
            "deploy": deploy,
            "actor": actor,
        }
        return self.errands.give("promotion", payload)

    def approve(self, reference: str, *, comment: str, actor: str) -> str:
        """Queue an approval and return the promotion's id.

        Raises
        ------
        NotFound, Refused
            There is no such promotion, or it does not wait for this person.
        Conflict
            Somebody's decision on it is being carried out.
        """
        return self._decide(reference, True, comment, actor)

    def reject(self, reference: str, *, why: str, actor: str) -> str:
        """Queue a rejection and return the promotion's id.

        Raises
        ------
        BadInput
            `why` says nothing.
        NotFound, Refused
            There is no such promotion, or it does not wait for anybody.
        Conflict
            Somebody's decision on it is being carried out.
        """
        return self._decide(reference, False, approvals.require_reason(why), actor)

    def _decide(self, reference: str, approve: bool, comment: str, actor: str) -> str:
        promotion = self._lab.promotions.find(reference)
        approvals.check(promotion, actor, approve=approve, now=time.time())
        self._require_undecided(promotion)
        self._lab.tracking.knock()
        payload = {
            "promotion": promotion.id,
            "actor": actor,
            "approve": approve,
            "comment": comment,
        }
        self.errands.give("approval", payload, id=f"{promotion.id}-{uuid4().hex[:8]}")
        return promotion.id

    def _require_undecided(self, promotion: Promotion) -> None:
        for state in self._decisions(promotion):
            if not state.status.ended:
                raise Conflict(
                    f"{state.payload['actor']} has just decided on this promotion; nothing was "
                    "changed.",
                    fix="See what becomes of it, then decide: "
                    f"labline promotions show {promotion.id[:8]}",
                )

    # -- look --------------------------------------------------------------------------------

    def list(self, *, waiting: bool = False, limit: int = 50) -> list[PromotionRow]:
        """Return promotions, newest first: under way, waiting, ended, tried."""
        states = {one.id: one for one in self._lab.workflows.list("promotion", limit=limit)}
        rows = {id: self._of_state(state) for id, state in states.items()}
        now = time.time()
        for promotion in self._lab.promotions.newest():
            rows[promotion.id] = _row(promotion, states.get(promotion.id), now)
        found = [row for row in rows.values() if not waiting or row.state == "needs approval"]
        return sorted(found, key=lambda row: row.asked, reverse=True)[:limit]

    def look(self, reference: str, *, actor: str) -> PromotionDetail:
        """Return one promotion, as `actor` sees it.

        Raises
        ------
        NotFound
            There is none with this id.
        """
        state = self._lab.workflows.states([reference]).get(reference)
        promotion = self._recorded(reference, state)
        if promotion is None:
            if state is None or state.name != "promotion":
                raise NotFound(f"There is no promotion {reference!r}.", fix="See GET promotions.")
            return _begun(self._of_state(state), state)
        return self._detail(promotion, state, actor)

    def _recorded(self, reference: str, state: WorkflowState | None) -> Promotion | None:
        try:
            return self._lab.promotions.find(reference)
        except NotFound:
            done = state.result if state else None
            return done if isinstance(done, Promotion) else None

    def _detail(
        self, promotion: Promotion, state: WorkflowState | None, actor: str
    ) -> PromotionDetail:
        row = _row(promotion, state, time.time(), self._under_way(promotion))
        diff = self._diff(promotion)
        return PromotionDetail(
            promotion=row,
            verdicts=promotion.verdicts,
            approvals=promotion.approvals,
            champion=promotion.champion,
            metrics=promotion.metrics,
            champion_metrics=promotion.champion_metrics,
            timeline=self._timeline(promotion),
            decision=_NOBODY if row.progress else _decision(promotion, actor),
            failure=self._failed_decision(promotion),
            diff=diff.to_dict() if diff else None,
            diff_html=diff._repr_html_() if diff else "",
            digest=promotion.digest,
            endpoint=promotion.endpoint,
            deployment=FollowUp(self._lab).state(promotion),
        )

    def _diff(self, promotion: Promotion) -> Diff | None:
        try:
            return self._lab.differences.of(promotion)
        except (NotFound, Unreachable):
            # The verdicts are told all the same.
            return None

    def _decisions(self, promotion: Promotion) -> builtins.list[WorkflowState]:
        return self._lab.workflows.list("approval", prefix=f"{promotion.id}-")

    def _under_way(self, promotion: Promotion) -> str:
        """Say what a decision that is being carried out is at."""
        for state in self._decisions(promotion):
            if not state.status.ended:
                events = self._lab.workflows.events(state.id)
                return str(events.get("stage") or "carrying out the decision")
        return ""

    def _failed_decision(self, promotion: Promotion) -> Any:
        last = next(iter(self._decisions(promotion)), None)
        return failure_of(last.error) if last else None

    def _timeline(self, promotion: Promotion) -> tuple[Moment, ...]:
        asked = Moment(promotion.asked, promotion.actor, "asked")
        entries = self._lab.promotions.entries(promotion)
        followed = FollowUp(self._lab).moments(promotion)
        told = (*(_moment(entry) for entry in entries), *followed)
        return (asked, *sorted(told, key=lambda moment: moment.at))

    def _of_state(self, state: WorkflowState) -> PromotionRow:
        if isinstance(state.result, Promotion):
            return _row(state.result, state, time.time())
        payload, word = state.payload, str(state.status)
        events = self._lab.workflows.events(state.id) if word == "running" else {}
        return PromotionRow(
            id=state.id,
            candidate=payload["candidate"],
            model=payload.get("model"),
            version=None,
            run_id=None,
            stage=payload["stage"],
            actor=payload["actor"],
            state=word,
            asked=state.created,
            dry_run=bool(payload.get("dry_run")),
            progress=str(events.get("stage", "")),
        )


def _row(
    promotion: Promotion, state: WorkflowState | None, now: float, progress: str = ""
) -> PromotionRow:
    return PromotionRow(
        id=promotion.id,
        candidate=state.payload["candidate"] if state else promotion.label,
        model=promotion.model,
        version=promotion.version,
        run_id=promotion.run_id,
        stage=promotion.stage,
        actor=promotion.actor,
        state=str(promotion.state_at(now)),
        asked=promotion.asked,
        dry_run=promotion.dry_run,
        progress=progress,
        expires=promotion.expires,
    )


def _begun(row: PromotionRow, state: WorkflowState) -> PromotionDetail:
    """Return a promotion of which nothing is recorded yet."""
    failed = state.status in (JobStatus.FAILED, JobStatus.CANCELLED)
    return PromotionDetail(
        promotion=row,
        verdicts=(),
        approvals=(),
        champion=None,
        metrics={},
        champion_metrics={},
        timeline=(Moment(row.asked, row.actor, "asked"),),
        decision=_NOBODY,
        failure=failure_of(state.error) if failed else None,
    )


def _decision(promotion: Promotion, actor: str) -> Decision:
    missing, given = approvals.missing(promotion), sum(a.approved for a in promotion.approvals)
    now = time.time()
    try:
        approvals.check(promotion, actor, approve=False, now=now)
    except LablineError:
        return _NOBODY
    try:
        approvals.check(promotion, actor, approve=True, now=now)
    except LablineError as error:
        return Decision(False, True, error.message, error.fix, given + missing, missing)
    return Decision(True, True, "", "", given + missing, missing)


def _moment(entry: Any) -> Moment:
    said: list[Mapping[str, Any]] = entry.payload.get("approvals") or []
    decided = entry.action in ("approved", "rejected")
    comment = str(said[-1]["comment"]) if decided and said else release_comment(entry)
    return Moment(entry.at, entry.actor, entry.action, comment, entry.number)
