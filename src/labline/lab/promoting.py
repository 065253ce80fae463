"""Promotions as surfaces ask for them: queue, decide, look."""

from __future__ import annotations

import builtins
import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from labline.lab.policy import PolicyDesk
    from labline.lab.service import Lab, Progress
    from labline.lab.shapes import DeploymentState
    from labline.ledger import Entry
    from labline.promotion import History, Promotion, PromotionState
    from labline.records import ModelVersion


@dataclass(frozen=True)
class PromotionDesk:
    """Where promotions are asked for, decided on and looked up."""

    lab: Lab

    @property
    def policy(self) -> PolicyDesk:
        """What the policy asks of a model, in words."""
        from labline.lab.policy import PolicyDesk

        return PolicyDesk(self.lab)

    def lane(self, payload: dict[str, Any]) -> str:
        """Return the model that a promotion, or a decision on one, is about: one at a time each.

        So nothing of a model changes between judging a candidate and moving its stage.
        """
        if known := payload.get("promotion"):
            return self.find(known).model
        from labline.promotion import is_run_id
        from labline.tracking.registry import split

        name = str(payload["candidate"])
        of_run = name.startswith("best:") or is_run_id(name)
        named = payload.get("model") or self.lab.settings.project.name
        return str(named) if of_run else split(name)[0]

    def ask(self, payload: dict[str, Any], progress: Progress | None) -> Promotion:
        """Queue a promotion and return what it came to; see :meth:`Lab.promote`."""
        self.lab.rules.stage(payload["stage"])
        self.lab.tracking.knock()
        done: Promotion = self.lab.work("promotion", payload, progress)
        return done

    def approve(
        self,
        reference: str,
        *,
        comment: str = "",
        actor: str | None = None,
        progress: Progress | None = None,
    ) -> Promotion:
        """Approve a promotion that waits; the last approval needed moves the stage.

        Parameters
        ----------
        reference
            The promotion's id, or how it begins.
        actor
            Who decides, where a server has signed them in; the system's user unless given.

        Raises
        ------
        NotFound
            There is no such promotion.
        Refused
            It waits for nobody, has expired, or not for this person (four eyes).
        """
        return self._decide(reference, True, comment, actor, progress)

    def reject(self, reference: str, *, why: str, actor: str | None = None) -> Promotion:
        """Turn down a promotion that waits; whoever asked for it may, too.

        Raises
        ------
        NotFound, Refused
            As for :meth:`approve`.
        BadInput
            `why` says nothing.
        """
        from labline.promotion import approvals

        return self._decide(reference, False, approvals.require_reason(why), actor, None)

    def find(self, reference: str) -> Promotion:
        """Return the promotion whose id is, or begins with, `reference`."""
        return self._history.find(reference)

    def entries(self, promotion: Promotion) -> builtins.list[Entry]:
        """Return what the ledger has of a promotion and the deployment it began, in order."""
        from labline.lab.followup import ACTIONS
        from labline.promotion.history import ACTIONS as DECIDED

        found = self.lab.ledger.entries(key=promotion.id, actions=(*DECIDED, *ACTIONS))
        return found[::-1]

    def deployment(self, promotion: Promotion) -> DeploymentState | None:
        """Return the deployment that a promotion began; None where it began none."""
        from labline.lab.followup import FollowUp

        return FollowUp(self.lab).state(promotion)

    def newest(self, *, model: str | None = None) -> builtins.list[Promotion]:
        """Return promotions as they stand, the one that changed last first."""
        return self._history.newest(model=model)

    def list(
        self, *, model: str | None = None, limit: int = 50, waiting: bool = False
    ) -> builtins.list[dict[str, Any]]:
        """Return promotions as they stand, JSON-ready; the one that changed last first."""
        from labline.promotion import PromotionState

        now = time.time()
        shown = [(item, item.state_at(now)) for item in self._history.newest(model=model)]
        if waiting:
            shown = [pair for pair in shown if pair[1] is PromotionState.NEEDS_APPROVAL]
        return [_told(item, state) for item, state in shown[:limit]]

    def check_files(self, version: ModelVersion, folder: Path) -> None:
        """Return if `folder` is what was promoted, or nothing of the version ever was.

        The registry's own digest lies beside the files; the ledger's lies elsewhere.

        Raises
        ------
        ModelAltered
            The files are others.
        """
        from labline.tracking.models import digest
        from labline.tracking.registry import ModelAltered

        known = {
            item.digest
            for item in self._history.newest(model=version.name)
            if item.version == version.version and item.digest
        }
        if known and (found := digest(folder)) not in known:
            raise ModelAltered(
                f"The files of {version.label} are not those in the ledger: their digest is "
                f"{found[:12]}, promoted was {min(known)[:12]}.",
                fix="Train the model again and promote it.",
            )

    @property
    def _history(self) -> History:
        from labline.promotion import History

        return History(self.lab.ledger)

    def _decide(
        self,
        reference: str,
        approve: bool,
        comment: str,
        actor: str | None,
        progress: Progress | None,
    ) -> Promotion:
        from labline.promotion import approvals

        actor = actor or self.lab.whoami()
        promotion = self.find(reference)
        # Said at once; the workflow checks again, when its turn has come.
        approvals.check(promotion, actor, approve=approve, now=time.time())
        self.lab.tracking.knock()
        payload = {
            "promotion": promotion.id,
            "actor": actor,
            "approve": approve,
            "comment": comment,
        }
        done: Promotion = self.lab.work("approval", payload, progress)
        return done


def _told(promotion: Promotion, state: PromotionState) -> dict[str, Any]:
    return {**promotion.to_dict(), "state": str(state)}


def signed_in() -> str:
    """Return the name of the system's user that this process belongs to.

    Environment variables such as ``USER`` are not asked: anybody can set them.
    """
    if sys.platform == "win32":
        return os.getlogin()
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # In a container the user often has a number only.
        return f"uid-{os.getuid()}"
