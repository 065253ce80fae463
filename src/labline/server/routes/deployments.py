"""Deployments and rollbacks: ask, look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labline.server import commands
from labline.server.bodies import NewDeployment, NewRollback, NewShare
from labline.server.route import Asked, Query, Route

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.lab.shapes import Accepted, DeploymentState


def _ask(lab: Lab, asked: Asked) -> Accepted:
    from labline.lab.ordering import Order
    from labline.lab.shapes import Accepted

    body: NewDeployment = asked.body
    order = Order(
        body.model,
        endpoint=body.endpoint or None,
        environment=body.environment,
        instances=body.instances,
        canary=body.canary,
        shadow=body.shadow,
        now=body.now,
        actor=asked.actor,
    )
    id = lab.errands.deployments.deploy(order)
    return Accepted(id, commands.of_deployment(body))


def _rollback(lab: Lab, asked: Asked) -> Accepted:
    from labline.lab.shapes import Accepted

    name, release = asked.path["name"], asked.body.release
    id = lab.errands.deployments.rollback(name, actor=asked.actor, release=release)
    return Accepted(id, commands.of_rollback(name))


def _shift(lab: Lab, asked: Asked) -> Accepted:
    from labline.lab.shapes import Accepted

    body: NewShare = asked.body
    name = asked.path["name"]
    words = {"shift": "shifted", "finish": "deployed", "abort": "aborted"}
    id = lab.errands.deployments.shift(
        name, to=words[body.action], weight=body.weight, why=body.why, actor=asked.actor
    )
    return Accepted(id, commands.of_share(name, body))


def _one(lab: Lab, asked: Asked) -> DeploymentState:
    return lab.errands.deployments.look(asked.path["id"])


def _list(lab: Lab, asked: Asked) -> list[DeploymentState]:
    return lab.errands.deployments.list(endpoint=asked.query["endpoint"])


ROUTES = (
    Route("GET", "deployments", "Deployments and rollbacks, newest first.", _list,
          "DeploymentState", "list", (Query("endpoint", "Only of this endpoint."),)),
    Route("POST", "deployments", "Serve a model version on an endpoint.", _ask, "Accepted",
          body=NewDeployment, status=202, store="tracking"),
    Route("GET", "deployments/{id}", "How far it is, and what came of it.", _one,
          "DeploymentState"),
    Route("POST", "endpoints/{name}/rollback", "Bring back what served before.", _rollback,
          "Accepted", body=NewRollback, status=202),
    Route("POST", "endpoints/{name}/traffic", "Shift, finish or abort the candidate.", _shift,
          "Accepted", body=NewShare, status=202),
)  # fmt: skip
