"""Endpoints: what they serve, how they answer, and what was asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from labline.cards import Card, Carded
from labline.deployment.keys import ApiKey
from labline.deployment.status import InstanceStatus, Share
from labline.lab.shapes.answers import Failure
from labline.records import Release


@dataclass(frozen=True)
class EndpointRow(Carded):
    """An endpoint in a list: the record, and what it says itself."""

    name: str
    url: str
    #: ``MODEL/VERSION`` by the record
    model: str | None
    release: int | None
    #: state of the live instance; ``empty`` without a live release
    state: str
    #: ``MODEL/VERSION`` as the service says; None where it does not answer
    serving: str | None
    #: ``MODEL/VERSION`` that a rollback brings back
    previous: str | None
    #: stage that it follows: by the policy, or that it was deployed by last
    stage: str | None
    #: ``MODEL/VERSION`` that holds this stage in the registry; None where none does
    registry: str | None
    #: ``agrees``, ``differs``, ``on trial``, ``silent``, ``unknown`` or ``empty``
    agreement: str
    #: the same in a sentence, and what would make them agree
    says: str
    fix: str
    #: what each instance says
    instances: tuple[InstanceStatus, ...]
    #: who answers; the live release first
    traffic: tuple[Share, ...]

    def card(self) -> Card:
        """Return how a notebook shows it: what it serves, and whether that is as recorded."""
        facts = [
            ("serves", self.serving or "does not answer"),
            ("registry", self.says),
            ("instances", ", ".join(each.state for each in self.instances) or "none"),
        ]
        good = self.state == "ready" and self.agreement in ("agrees", "on trial")
        notes = [self.fix] if self.fix else []
        return Card(f"Endpoint {self.name}", self.state, "good" if good else "bad", facts, notes)


@dataclass(frozen=True)
class EndpointDetail:
    """An endpoint: releases, instances, shares of the traffic, keys and figures."""

    endpoint: EndpointRow
    live: Release | None
    previous: Release | None
    instances: tuple[InstanceStatus, ...]
    traffic: tuple[Share, ...]
    keys: tuple[ApiKey, ...]
    #: what was ever deployed on it, newest first, the latest 20
    releases: tuple[Release, ...]
    #: what other hosts on the same database serve under this name
    elsewhere: tuple[Release, ...]
    #: a request to try, without the key
    curl: str


@dataclass(frozen=True)
class Answered:
    """How one release answered for some time."""

    #: when that time ended
    at: float
    release: int
    model: str
    #: percent of the requests that it answers now
    weight: int
    #: whether it gets copies and nobody hears its answers
    mirrored: bool
    requests: int
    errors: int
    #: from 0 to 1
    error_rate: float
    per_second: float
    #: milliseconds; None without a request
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True)
class EndpointMetrics:
    """How the releases of an endpoint answer, by the gateway's measure."""

    endpoint: str
    at: float
    #: seconds that ``releases`` look back
    window: float
    releases: tuple[Answered, ...]
    #: the same for spans of time, oldest first
    history: tuple[Answered, ...]
    #: share of the predictions on which a shadow agrees with the live release; None without one
    agreement: float | None = None


@dataclass(frozen=True)
class DeploymentState:
    """A deployment or a rollback that was asked for."""

    id: str
    #: ``deployment``, ``rollback`` or ``shift``
    kind: str
    endpoint: str
    #: ``MODEL/VERSION``; None for a rollback until it is known
    model: str | None
    actor: str
    #: ``queued``, ``running``, ``succeeded``, ``failed`` or ``cancelled``
    state: str
    asked: float
    #: what it is at, in words
    progress: str = ""
    release: Release | None = None
    url: str = ""
    #: whether the endpoint is new and nobody has a key for it yet: issue one
    wants_key: bool = False
    failure: Failure | None = None


@dataclass(frozen=True)
class IssuedKey:
    """An API key; it is not stored and cannot be shown again."""

    endpoint: str
    key: str


@dataclass(frozen=True)
class Prediction:
    """What an endpoint answered to a request that was made to try it."""

    #: the rows that were sent
    rows: tuple[Mapping[str, Any], ...]
    answer: Mapping[str, Any]
    #: from sending to the whole answer
    milliseconds: float
