"""Promotions as the ledger has them: it is the only place where they are kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from labline.errors import NotFound
from labline.ledger import Entry, Ledger
from labline.promotion.evidence import Promotion

#: what the entries of a promotion are called
ACTIONS = ("needs approval", "approved", "rejected", "promoted", "refused")
_SHORTEST = 4


@dataclass(frozen=True)
class History:
    """Read promotions out of the ledger, and write them into it."""

    ledger: Ledger

    def find(self, reference: str) -> Promotion:
        """Return the promotion with this id, or the one whose id begins so, as it stands.

        Raises
        ------
        NotFound
            None does, or more than one.
        """
        fix = "See labline promotions list."
        if len(reference) < _SHORTEST:
            raise NotFound(f"{reference!r} is too short for the id of a promotion.", fix=fix)
        found = _latest(self.ledger.entries(key=reference, actions=ACTIONS))
        if len(found) != 1:
            many = f"{len(found)} promotions begin with {reference!r}."
            none = f"There is no promotion {reference!r}."
            raise NotFound(many if found else none, fix=fix)
        return found[0]

    def newest(self, *, model: str | None = None) -> list[Promotion]:
        """Return promotions as they stand, the one that changed last first."""
        return _latest(self.ledger.entries(model=model, actions=ACTIONS))

    def since(self, model: str, version: int | None, stage: str) -> float | None:
        """Return since when a version holds a stage without a break; ``None`` if it does not."""
        since = None
        for entry in self.ledger.entries(model=model, actions=("promoted",)):
            if entry.payload["stage"] == stage:
                if entry.payload["version"] != version:
                    break
                since = entry.at
        return since

    def entries(self, promotion: Promotion) -> list[Entry]:
        """Return what was recorded of a promotion, in order."""
        return self.ledger.entries(key=promotion.id, actions=ACTIONS)[::-1]

    def record(self, promotion: Promotion) -> Entry:
        """Record where a promotion stands; once, however often it is called."""
        return self._append(
            promotion,
            action=str(promotion.state),
            actor=promotion.actor,
            key=f"{promotion.id}/end" if promotion.approvals else promotion.id,
        )

    def decide(self, promotion: Promotion) -> Entry:
        """Record the decision made last."""
        last = promotion.approvals[-1]
        return self._append(
            promotion,
            action="approved" if last.approved else "rejected",
            actor=last.actor,
            key=decision_key(promotion.id, last.actor),
        )

    def decision(self, id: str, actor: str) -> Promotion | None:
        """Return the promotion as `actor`'s decision left it, if there is one."""
        found = self.ledger.entries(key=decision_key(id, actor), limit=1)
        return Promotion.from_dict(found[0].payload) if found else None

    def _append(self, promotion: Promotion, *, action: str, actor: str, key: str) -> Entry:
        return self.ledger.append(
            actor=actor,
            action=action,
            model=promotion.model,
            subject=f"{promotion.label} -> {promotion.stage}",
            key=key,
            payload=promotion.to_dict(),
        )


def decision_key(id: str, actor: str) -> str:
    """Return the ledger key of a person's decision: there is one a person."""
    return f"{id}/by/{hashlib.sha256(actor.encode()).hexdigest()[:16]}"


def _latest(entries: Iterable[Entry]) -> list[Promotion]:
    """Return the newest state of each promotion in entries that come newest first."""
    found: dict[str, Promotion] = {}
    for entry in entries:
        found.setdefault(str(entry.payload["id"]), Promotion.from_dict(entry.payload))
    return list(found.values())
