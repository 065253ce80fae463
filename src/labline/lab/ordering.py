"""What is asked for of a deployment, made ready for a worker: one path for every surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from labline.errors import LablineError, Unreachable
from labline.lab.promoting import signed_in

EnvironmentMode = Literal["locked", "current"]

if TYPE_CHECKING:
    from labline.lab.service import Lab
    from labline.settings import StageSettings


@dataclass(frozen=True)
class Order:
    """A deployment that somebody wants."""

    #: ``MODEL@STAGE``, ``MODEL/VERSION`` or ``MODEL``
    reference: str
    #: called as the model unless given
    endpoint: str | None = None
    environment: EnvironmentMode = "locked"
    #: processes; as many as the stage says, or as what is live has, unless given
    instances: int | None = None
    #: percent of the requests that it answers beside the live release; 0: it takes over
    canary: int = 0
    #: whether it gets a copy of each request beside the live release, which alone answers
    shadow: bool = False
    #: whether it takes over at once and without proof of a way back, though the stage has a
    #: rollout, or the gate ``rollback``
    now: bool = False
    #: who wants it; the system's user unless given
    actor: str = ""


@dataclass(frozen=True)
class Ordered:
    """A workflow to submit."""

    workflow: str
    payload: dict[str, Any]

    @property
    def fresh(self) -> bool:
        """Whether the endpoint is new."""
        return bool(self.payload["fresh"])


def prepare(lab: Lab, order: Order) -> Ordered:
    """Return the workflow that does what is asked for.

    Raises
    ------
    NotFound
        There is no such version.
    BadInput
        The share, the number of instances or the endpoint's name cannot be.
    Unreachable
        The platform is not up.
    """
    from labline.deployment import check_instances, check_name, check_percent

    require_platform(lab)
    if order.canary:
        check_percent(order.canary)
    if order.instances is not None:
        check_instances(order.instances)
    model = lab.version(order.reference)
    check_name(order.endpoint or model.name)
    return of_stage(lab, order, model.name, model.label, _stage(lab, order.reference))


def of_stage(lab: Lab, order: Order, model: str, label: str, stage: str | None) -> Ordered:
    """Return the workflow by which `label` takes over as a stage says.

    Parameters
    ----------
    label
        ``MODEL/VERSION``.
    stage
        None: it is deployed by no stage.
    """
    endpoint = order.endpoint or model
    waits = order.canary or order.shadow or order.now
    rollout = None if waits else _rollout(lab, stage, endpoint)
    payload = {
        **_facts(order, label, endpoint),
        "instances": order.instances or _instances(lab, stage, endpoint),
        "stage": rollout,
        "follows": stage,
        "prove": not waits and not rollout and _proves(lab, stage),
        "fresh": endpoint not in {item.name for item in lab.endpoints.list()},
    }
    return Ordered("rollout" if rollout else "deployment", payload)


def _facts(order: Order, label: str, endpoint: str) -> dict[str, Any]:
    return {
        "model": label,
        "endpoint": endpoint,
        "environment": order.environment,
        "canary": order.canary,
        "shadow": order.shadow and not order.canary,
        "actor": order.actor or signed_in(),
    }


def require_platform(lab: Lab) -> None:
    """Return if the platform is up.

    Raises
    ------
    Unreachable
        It is not.
    """
    if not lab.platform.running:
        raise Unreachable("The platform is not up.", fix="Start it: labline up")


def _stage(lab: Lab, reference: str) -> str | None:
    """Return the policy's stage that a reference names, if it does."""
    stage = reference.partition("@")[2]
    return stage if stage in lab.rules.stages else None


def _rules(lab: Lab, stage: str) -> StageSettings:
    return lab.rules.stage(stage)


def _rollout(lab: Lab, stage: str | None, endpoint: str) -> str | None:
    """Return the stage by whose rollout an endpoint is taken over; None: at once."""
    has_rollout = stage is not None and _rules(lab, stage).rollout is not None
    return stage if has_rollout and _live(lab, endpoint) else None


def _proves(lab: Lab, stage: str | None) -> bool:
    """Return whether a stage asks for a way back."""
    return stage is not None and "rollback" in _rules(lab, stage).gates


def _instances(lab: Lab, stage: str | None, endpoint: str) -> int:
    told = _rules(lab, stage).instances if stage else None
    return told or _live(lab, endpoint) or 1


def _live(lab: Lab, endpoint: str) -> int:
    """Return how many instances serve an endpoint; 0 where nothing is live."""
    try:
        live = lab.endpoints.get(endpoint).live
    except LablineError:
        return 0
    return len(live.ports) if live else 0
