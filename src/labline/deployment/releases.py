"""The records of releases and endpoints, in the labline database."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

import sqlalchemy as sa

from labline.database import Database
from labline.database import endpoints as endpoint_table
from labline.database import releases as table
from labline.deployment.commands import fill
from labline.deployment.processes import pick_ports
from labline.deployment.upstreams import cluster_name, instance_name
from labline.errors import NotFound, nearest
from labline.records import SOCKETS, Command, Release, ReleaseState

PREFIX = "release-"
_COLUMNS = (
    *("id", "endpoint", "bento", "model", "python", "created", "actor", "reason"),
    *("weight", "mirrored", "host"),
)
_SERVING = (ReleaseState.LIVE, ReleaseState.CANDIDATE)
_UP = (*_SERVING, ReleaseState.STARTING)


@dataclass(frozen=True)
class Plan:
    """What a release boots from: all that is needed to boot it again."""

    bento: str
    #: ``MODEL/VERSION``
    model: str
    digest: str
    python: str
    #: command with the port left open, see :mod:`labline.deployment.commands`
    command: str


@dataclass(frozen=True)
class Instance:
    """One process of a release."""

    #: of the process and its log
    name: str
    #: from 1
    number: int
    port: int
    command: Command

    @property
    def has_socket(self) -> bool:
        """Whether it also listens on a Unix socket, where it is told a folder for that."""
        return SOCKETS in self.command.env


@dataclass(frozen=True)
class Stored:
    """A release with what it boots from."""

    release: Release
    plan: Plan
    key: str
    #: id of the release that a rollback of this one brings back
    previous: int | None

    @property
    def name(self) -> str:
        """Name of its first process, and how those of the others begin."""
        return f"{PREFIX}{self.release.id}"

    @property
    def cluster(self) -> str:
        """Name of its cluster in the gateway."""
        return cluster_name(self.release.id, self.release.ports)

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Its processes: ``release-7``, ``release-7-2``, ``release-7-3`` ..."""
        return tuple(
            Instance(
                instance_name(self.name, number),
                number,
                port,
                fill(self.plan.command, port),
            )
            for number, port in enumerate(self.release.ports, 1)
        )


class Releases:
    """Read and change the records of one host.

    On Postgres several machines share the table: what serves an endpoint, and what a platform
    brings back, is what this machine runs.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.host = socket.gethostname() if database.on_postgres else ""

    def begin(
        self,
        endpoint: str,
        plan: Plan,
        *,
        actor: str,
        key: str,
        previous: int | None,
        instances: int = 1,
    ) -> Stored:
        """Record a release that is about to start, each instance on a port of its own."""
        with self._database.writing(exclusive=True) as connection:
            _ensure(connection, endpoint)
            used = sa.and_(table.c.state.in_(_UP), self._here)
            taken = connection.execute(sa.select(table.c.ports).where(used)).scalars()
            row = {
                **plan.__dict__,
                "endpoint": endpoint,
                "host": self.host,
                "ports": _text(pick_ports(instances, chain(*map(_ports, taken)))),
                "state": ReleaseState.STARTING,
                "created": time.time(),
                "actor": actor,
                "reason": "",
                "key": key,
                "previous": previous,
            }
            id = connection.execute(sa.insert(table).values(row)).inserted_primary_key
        return self.get(id[0])  # type: ignore[index, unused-ignore]

    def get(self, id: int) -> Stored:
        """Return one release."""
        found = self._find(table.c.id == id)
        if not found:
            raise NotFound(f"There is no release {id}.")
        return found[0]

    def by_key(self, key: str) -> Stored | None:
        """Return the release that the workflow `key` began, if it did."""
        found = self._find(table.c.key == key)
        return found[0] if found else None

    def of(self, endpoint: str) -> list[Stored]:
        """Return all releases of an endpoint, newest first."""
        return self._find(table.c.endpoint == endpoint)

    def all_serving(self) -> list[Stored]:
        """Return the live release and the candidate of every endpoint that has them here."""
        return self._find(sa.and_(table.c.state.in_(_SERVING), self._here))

    def among(self, names: Iterable[str]) -> list[Stored]:
        """Return the releases that these process names belong to, and all that should serve."""
        ids = {
            int(name.removeprefix(PREFIX).partition("-")[0])
            for name in names
            if name.startswith(PREFIX)
        }
        serving = sa.and_(table.c.state.in_(_SERVING), self._here)
        return self._find(sa.or_(table.c.id.in_(ids), serving))

    def live(self, endpoint: str) -> Stored | None:
        """Return the release that the endpoint's traffic goes to on this host."""
        return self._in_state(endpoint, ReleaseState.LIVE)

    def of_model(self, model: str) -> Stored | None:
        """Return the newest release that serves ``MODEL/VERSION``, on whichever endpoint."""
        live = sa.and_(table.c.model == model, table.c.state == ReleaseState.LIVE, self._here)
        return next(iter(self._find(live)), None)

    def elsewhere(self, endpoint: str) -> list[Stored]:
        """Return what other hosts serve on an endpoint of this name."""
        live = sa.and_(table.c.endpoint == endpoint, table.c.state == ReleaseState.LIVE)
        return self._find(sa.and_(live, table.c.host != self.host))

    def candidate(self, endpoint: str) -> Stored | None:
        """Return the release that is tried beside the live one."""
        return self._in_state(endpoint, ReleaseState.CANDIDATE)

    def _in_state(self, endpoint: str, state: ReleaseState) -> Stored | None:
        found = self._find(
            sa.and_(table.c.endpoint == endpoint, table.c.state == state, self._here)
        )
        return found[0] if found else None

    def go_live(self, id: int) -> Stored:
        """Record that `id` has taken over; whatever was live on its endpoint retires."""
        with self._database.writing(exclusive=True) as connection:
            endpoint = sa.select(table.c.endpoint).where(table.c.id == id).scalar_subquery()
            live = table.c.state == ReleaseState.LIVE
            was_live = sa.and_(table.c.endpoint == endpoint, live, self._here)
            connection.execute(sa.update(table).where(was_live).values(state=ReleaseState.RETIRED))
            taking_over = sa.update(table).where(table.c.id == id)
            alone = {"state": ReleaseState.LIVE, "weight": 0, "mirrored": 0}
            connection.execute(taking_over.values(alone))
        return self.get(id)

    def share(self, id: int, weight: int, mirrored: int) -> Stored:
        """Record that `id` is a candidate with these percents of the endpoint's requests."""
        self._set(id, state=ReleaseState.CANDIDATE, weight=weight, mirrored=mirrored)
        return self.get(id)

    def abort(self, id: int, reason: str) -> Stored:
        """Record that a candidate was taken back."""
        self._set(id, state=ReleaseState.ABORTED, weight=0, mirrored=0, reason=reason)
        return self.get(id)

    def fail(self, id: int, reason: str) -> None:
        """Record that a release did not come up."""
        self._set(id, state=ReleaseState.FAILED, reason=reason)

    def move(self, id: int, ports: tuple[int, ...]) -> Stored:
        """Record that a release is on other ports now."""
        self._set(id, ports=_text(ports))
        return self.get(id)

    def endpoints(self) -> list[str]:
        """Return the names of all endpoints."""
        with self._database.reading() as connection:
            query = sa.select(endpoint_table.c.name).order_by(endpoint_table.c.name)
            return list(connection.execute(query).scalars())

    def stage(self, endpoint: str) -> str | None:
        """Return the stage that an endpoint was deployed by last, if it ever was."""
        query = sa.select(endpoint_table.c.stage).where(endpoint_table.c.name == endpoint)
        with self._database.reading() as connection:
            return connection.execute(query).scalar()

    def follow(self, endpoint: str, stage: str) -> None:
        """Record the stage that an endpoint was deployed by."""
        mine = sa.update(endpoint_table).where(endpoint_table.c.name == endpoint)
        with self._database.writing() as connection:
            connection.execute(mine.values(stage=stage))

    def require(self, endpoint: str) -> None:
        """Return if there is such an endpoint.

        Raises
        ------
        NotFound
            There is not.
        """
        known = self.endpoints()
        if endpoint not in known:
            raise NotFound(
                f"There is no endpoint {endpoint!r}.",
                fix=nearest(endpoint, known) if known else "Make one: labline deploy MODEL@STAGE",
            )

    @property
    def _here(self) -> sa.ColumnElement[bool]:
        return table.c.host == self.host

    def _set(self, id: int, **values: Any) -> None:
        with self._database.writing() as connection:
            connection.execute(sa.update(table).where(table.c.id == id).values(**values))

    def _find(self, condition: Any) -> list[Stored]:
        query = sa.select(table).where(condition).order_by(table.c.id.desc())
        with self._database.reading() as connection:
            return list(_stored(connection.execute(query)))


def _ensure(connection: sa.Connection, endpoint: str) -> None:
    known = sa.select(endpoint_table).where(endpoint_table.c.name == endpoint)
    if connection.execute(known).first() is None:
        row = {"name": endpoint, "created": time.time()}
        connection.execute(sa.insert(endpoint_table).values(row))


def _stored(rows: Iterable[Any]) -> Iterable[Stored]:
    for row in rows:
        state = ReleaseState(row.state)
        values = {name: getattr(row, name) for name in _COLUMNS}
        plan = Plan(row.bento, row.model, row.digest, row.python, row.command)
        release = Release(**values, state=state, ports=_ports(row.ports))
        yield Stored(release, plan, row.key, row.previous)


def _text(ports: Iterable[int]) -> str:
    return ",".join(map(str, ports))


def _ports(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))
