"""What comes after a promotion: the stage's endpoint serves what holds the stage now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labline.errors import LablineError, NotFound, Refused
from labline.lab.ordering import Order, of_stage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labline.lab.service import Lab
    from labline.lab.shapes import DeploymentState, Moment
    from labline.ledger import Entry
    from labline.promotion import Promotion
    from labline.workflows import Flow, WorkflowState

#: what the ledger calls the steps of a deployment
ACTIONS = ("deployed", "tried", "shifted", "aborted")


@dataclass(frozen=True)
class FollowUp:
    """The deployment that a promotion begins when it is recorded."""

    lab: Lab

    def begin(self, flow: Flow, promotion: Promotion) -> Promotion:
        """Queue the deployment of what was promoted, if its stage or its asker wants one.

        It is a workflow of its own, whose id is the promotion's: begun twice it is still one, and
        a promotion that is recorded stays so, whatever becomes of it.
        """
        if promotion.promoted and promotion.endpoint:
            flow.publish("stage", f"beginning to deploy it to /{promotion.endpoint}")
            flow.step("deployment", lambda: self._queue(promotion))
        return promotion

    def _queue(self, promotion: Promotion) -> str:
        label = f"{promotion.model}/{promotion.version}"
        order = Order(label, endpoint=promotion.endpoint, actor=promotion.actor)
        asked = of_stage(self.lab, order, promotion.model, label, promotion.stage)
        payload = {**asked.payload, "promotion": promotion.id}
        host = self.host(promotion.endpoint)
        return self.lab.workflows.submit(asked.workflow, payload, id=_id(promotion), host=host)

    def host(self, endpoint: str) -> str:
        """Return the host that serves an endpoint: a promotion may run on any."""
        releases = self.lab.platform.releases
        there = releases.elsewhere(endpoint)
        return releases.host if releases.live(endpoint) or not there else there[0].release.host

    def check(self, payload: dict[str, Any]) -> None:
        """Return if a deployment may go on that a promotion began.

        Raises
        ------
        Refused
            Another model serves the endpoint: nobody said that it shall be replaced.
        """
        endpoint, model = payload["endpoint"], payload["model"]
        if "promotion" not in payload:
            return
        try:
            live = self.lab.endpoints.get(endpoint).live
        except NotFound:
            return
        if live and live.model.partition("/")[0] != model.partition("/")[0]:
            raise Refused(
                f"{endpoint!r} serves {live.model}; a promotion of {model} does not replace "
                "another model.",
                fix=f"labline deploy {model} --endpoint {endpoint}, or give each model its own: "
                'endpoint = "{model}"',
            )

    # -- look --------------------------------------------------------------------------------

    def state(self, promotion: Promotion) -> DeploymentState | None:
        """Return the deployment that a promotion began; None where it began none."""
        try:
            return self.lab.errands.deployments.look(_id(promotion))
        except LablineError:
            return None

    def moments(self, promotion: Promotion) -> Iterator[Moment]:
        """Yield what is to tell of it beside the ledger: that it began, and why it failed."""
        from labline.lab.errands.failures import failure_of
        from labline.lab.shapes import Moment

        found: WorkflowState | None = self.lab.workflows.states([_id(promotion)]).get(
            _id(promotion)
        )
        if found is None:
            return
        yield Moment(found.created, promotion.actor, "began to deploy", f"to /{promotion.endpoint}")
        if failure := failure_of(found.error):
            told = f"{failure.message} {failure.fix}".strip()
            # DBOS on SQLite keeps whole seconds.
            ended = max(found.created, found.ended or 0.0)
            yield Moment(ended, "labline", "did not deploy", told)


def release_comment(entry: Entry) -> str:
    """Return what an entry says of a release: its share, or why it was aborted."""
    facts = entry.payload
    if entry.action not in ACTIONS:
        return ""
    share = f"{facts['weight']} % of the requests" if facts.get("weight") else ""
    return str(facts.get("reason") or share or f"on /{facts['endpoint']}")


def _id(promotion: Promotion) -> str:
    # The ledger's keys begin with it, so the promotion's entries include the deployment's.
    return f"{promotion.id}-deployment"
