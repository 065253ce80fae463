"""Promotions: ask, look, approve, reject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labline.server import commands
from labline.server.bodies import NewApproval, NewPromotion, NewRejection
from labline.server.route import Asked, Query, Route, cut, paging

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import Accepted, PromotionDetail, PromotionRow


def _ask(lab: Lab, asked: Asked) -> Accepted:
    from labline.lab.shapes import Accepted

    body: NewPromotion = asked.body
    id = lab.errands.promotions.ask(
        body.candidate,
        to=body.to,
        model=body.model or None,
        experiment=body.experiment or None,
        dry_run=body.dry_run,
        deploy=body.deploy,
        actor=asked.actor,
    )
    return Accepted(id, commands.of_promotion(body))


def _list(lab: Lab, asked: Asked) -> dict[str, Any]:
    most = asked.query["offset"] + asked.query["limit"]
    # One more than the page tells whether there is another.
    found = lab.errands.promotions.list(waiting=asked.query["waiting"], limit=max(most + 1, 200))
    part = (asked.query["filter"] or "").lower()
    return cut(asked, [row for row in found if part in _words(row)])


def _words(row: PromotionRow) -> str:
    model = f"{row.model}/{row.version}"
    return " ".join((row.candidate, model, row.stage, row.state, row.actor)).lower()


def _one(lab: Lab, asked: Asked) -> PromotionDetail:
    return lab.errands.promotions.look(asked.path["id"], actor=asked.actor)


def _approve(lab: Lab, asked: Asked) -> Accepted:
    from labline.lab.shapes import Accepted

    body: NewApproval = asked.body
    id = lab.errands.promotions.approve(asked.path["id"], comment=body.comment, actor=asked.actor)
    return Accepted(id, commands.of_approval(id, body))


def _reject(lab: Lab, asked: Asked) -> Accepted:
    from labline.lab.shapes import Accepted

    body: NewRejection = asked.body
    id = lab.errands.promotions.reject(asked.path["id"], why=body.why, actor=asked.actor)
    return Accepted(id, commands.of_rejection(id, body))


ROUTES = (
    Route("GET", "promotions", "A page of promotions, newest first.", _list, "PromotionRow",
          "page", paging(Query("waiting", "Only those that need approval.", bool, False),
                         Query("filter", "Part of the candidate, stage, state or asker."))),
    Route("POST", "promotions", "Ask for a candidate to be judged and to hold a stage.", _ask,
          "Accepted", body=NewPromotion, status=202, store="tracking"),
    Route("GET", "promotions/{id}", "Verdicts, decisions and the timeline of a promotion.", _one,
          "PromotionDetail", store="tracking"),
    Route("POST", "promotions/{id}/approve", "Approve it as whoever is signed in.", _approve,
          "Accepted", body=NewApproval, status=202, store="tracking"),
    Route("POST", "promotions/{id}/reject", "Turn it down.", _reject, "Accepted",
          body=NewRejection, status=202, store="tracking"),
)  # fmt: skip
