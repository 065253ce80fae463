"""What the platform and its endpoints say of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from labline.records import Release


@dataclass(frozen=True)
class InstanceStatus:
    """One process of a release."""

    endpoint: str
    release: int
    #: from 1
    number: int
    #: ``MODEL/VERSION`` as recorded
    model: str
    bento: str
    port: int
    pid: int | None
    #: ``ready``, ``starting``, ``crash loop``, ``stopped``, ``down``, or ``wrong model`` where it
    #: serves something else than is recorded
    state: str
    #: ``MODEL/VERSION`` as it says itself; None where it does not answer
    serving: str | None
    #: times it was started again after it ended
    restarts: int
    #: whether the gateway finds it healthy; None where the gateway does not answer
    healthy: bool | None


@dataclass(frozen=True)
class PlatformStatus:
    """The platform of one project."""

    #: whether the daemon lives
    running: bool
    pid: int | None
    #: URL of the gateway
    url: str
    #: ``ready``, ``starting``, ``crash loop``, ``stopped`` or ``down``
    worker: str
    gateway: str
    instances: tuple[InstanceStatus, ...] = ()
    #: what is wrong, and what mends it
    problem: str = ""
    #: whether the call that returned this started it
    started: bool = False


@dataclass(frozen=True)
class Share:
    """What one release has of its endpoint's traffic."""

    release: int
    #: ``MODEL/VERSION``
    model: str
    #: percent of the requests that it answers
    weight: int
    #: percent of the requests that it gets a copy of; its answers are compared only
    mirrored: int


@dataclass(frozen=True)
class EndpointStatus:
    """One endpoint: what is recorded, and what is real."""

    name: str
    url: str
    live: Release | None
    #: release that a rollback brings back
    previous: Release | None
    #: state of the live instances, see :class:`InstanceStatus`; ``degraded`` where only some are
    #: ready, ``empty`` without a live release
    state: str
    #: ``MODEL/VERSION`` as the live instances say themselves
    serving: str | None
    #: stage by which it was deployed last
    stage: str | None = None
    #: what other hosts on the same database serve under this name
    elsewhere: tuple[Release, ...] = field(default=())
    instances: tuple[InstanceStatus, ...] = field(default=())
    #: who answers; the live release first
    traffic: tuple[Share, ...] = field(default=())


def state_of(instances: Sequence[InstanceStatus]) -> str:
    """Return the state of a release with these instances, as :class:`EndpointStatus` has it."""
    states = [each.state for each in instances]
    bad = [state for state in states if state != "ready"]
    if not states:
        return "empty"
    if not bad:
        return "ready"
    return "degraded" if len(bad) < len(states) else bad[0]


def said_by(instances: Sequence[InstanceStatus]) -> str | None:
    """Return what instances say that they serve; several where they differ."""
    said = {each.serving for each in instances if each.serving}
    return ", ".join(sorted(said)) or None
