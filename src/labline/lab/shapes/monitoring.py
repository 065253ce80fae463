"""Endpoints after go-live: the last look, those before it, and a retraining that waits."""

from __future__ import annotations

from dataclasses import dataclass

from labline.lab.shapes.answers import Failure
from labline.monitoring.look import Look


@dataclass(frozen=True)
class Glance:
    """One look of several: when it was, who asked for it, and what it came to."""

    at: float
    #: ``MODEL/VERSION``; empty where the look failed
    model: str
    #: ``clock`` or ``hand``
    by: str
    #: as :class:`labline.monitoring.look.Look` has it, or ``failed``
    state: str
    says: str


@dataclass(frozen=True)
class Trail:
    """How far one column was from its limit, look by look."""

    column: str
    #: ``input`` or ``prediction``
    of: str
    #: the test's figure over its limit, in the order of the looks: above 1 it drifted; None where
    #: it was not judged
    shares: tuple[float | None, ...]


@dataclass(frozen=True)
class Renewal:
    """The latest retraining of what an endpoint serves, as it stands."""

    id: str
    asked: float
    why: str
    actor: str
    #: ``queued``, ``training``, ``judging``, ``failed``, ``cancelled``, or the state of the
    #: promotion that it ended in: ``needs approval``, ``promoted``, ``refused`` ...
    state: str
    #: what it left so far
    job: str | None = None
    promotion: str | None = None
    stage: str | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Monitored:
    """How an endpoint is watched, and what that found."""

    endpoint: str
    #: ``MODEL/VERSION`` that is live; None where nothing is
    model: str | None
    #: share of the requests that the prediction log keeps; 0 where it is off
    capture: float
    #: seconds between two looks by the clock; None where there are none
    every: float | None
    #: seconds that a look goes back
    window: float
    #: the newest look at what is live now; None without one
    look: Look | None
    #: looks, the newest first
    history: tuple[Glance, ...]
    #: the columns of these looks
    trails: tuple[Trail, ...]
    #: why the newest look failed, if it did
    failure: Failure | None
    #: None without one
    renewal: Renewal | None


@dataclass(frozen=True)
class Watched:
    """What is newest of an endpoint's monitoring: its events tell that this has changed."""

    endpoint: str
    #: id of the newest look that has ended
    look: str | None = None
    #: id of the newest retraining, and its status
    renewal: str | None = None
    status: str | None = None
