"""What people are told of promotions and releases."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from labline.notify import Notice

if TYPE_CHECKING:
    from labline.lab.retraining import Retrained
    from labline.monitoring.look import Look
    from labline.promotion import Promotion
    from labline.records import Release

_BACK = {"rolled back": "was rolled back to", "aborted": "took back"}


def of_promotion(promotion: Promotion) -> Notice:
    """Return the notice of a promotion that has moved a stage."""
    version = f"{promotion.model}/{promotion.version}"
    data = {
        "promotion": promotion.id,
        "model": promotion.model,
        "version": promotion.version,
        "stage": promotion.stage,
        "champion": promotion.champion,
        "actor": promotion.actor,
        "metrics": dict(promotion.metrics),
    }
    return Notice(
        id=f"promoted-{promotion.id}",
        type="model.promoted",
        title=f"{version} holds {promotion.stage}",
        text=f"{promotion.actor} asked for it; before: {promotion.champion or 'nothing'}.",
        at=time.time(),
        data=data,
    )


def of_release(action: str, release: Release, key: str, actor: str) -> Notice | None:
    """Return the notice of a change of an endpoint, if it went backwards."""
    if action not in _BACK:
        return None
    return Notice(
        id=f"back-{key}",
        type="endpoint.rolled_back",
        title=f"Endpoint {release.endpoint} {_BACK[action]} {release.model}",
        text=release.reason or f"By {actor}.",
        at=time.time(),
        data={
            "endpoint": release.endpoint,
            "model": release.model,
            "release": release.id,
            "action": action,
            "actor": actor,
            "reason": release.reason,
        },
    )


_ALARMS = {
    "drift": ("endpoint.drifted", "has drifted"),
    "metric_drop": ("endpoint.dropped", "does worse than its run promised"),
}


def of_look(look: Look, key: str) -> list[Notice]:
    """Return the notices of a look at an endpoint that found something new."""
    told = [_ALARMS[alarm] for alarm in look.alarms]
    data = {
        "endpoint": look.endpoint,
        "model": look.model,
        "state": look.state,
        "drifted": {each.column: each.value for each in look.drift.drifted},
        "dropped": {each.metric: each.value for each in look.realised.dropped},
    }
    return [
        Notice(
            id=f"{type}-{key}",
            type=type,
            title=f"{look.model} on /{look.endpoint} {words}",
            text=f"{look.says}\n{look.fix}".strip(),
            at=look.at,
            data=data,
        )
        for type, words in told or [("endpoint.recovered", "is fine again")]
    ]


def of_retraining(done: Retrained, key: str) -> Notice:
    """Return the notice of a model that was trained again: somebody has to decide on it."""
    return Notice(
        id=f"retrained-{key}",
        type="endpoint.retrained",
        title=f"{done.model} was trained again ({done.why})",
        text=f"Once the gates of {done.stage} have passed it, it waits for somebody's approval: "
        f"labline promotions show {done.promotion[:8]}",
        at=time.time(),
        data={
            "endpoint": done.endpoint,
            "model": done.model,
            "job": done.job,
            "run": done.run,
            "promotion": done.promotion,
            "stage": done.stage,
        },
    )
