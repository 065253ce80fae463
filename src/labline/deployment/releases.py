"""The records of releases and endpoints, in the labline database."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from labline.database import Database
from labline.database import endpoints as endpoint_table
from labline.database import releases as table
from labline.deployment.commands import fill
from labline.deployment.processes import pick_port
from labline.errors import NotFound, nearest
from labline.records import Command, Release, ReleaseState

PREFIX = "release-"
_COLUMNS = (
    *("id", "endpoint", "bento", "model", "python", "port", "created", "actor", "reason"),
    *("weight", "mirrored"),
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
class Stored:
    """A release with what it boots from."""

    release: Release
    plan: Plan
    key: str
    #: id of the release that a rollback of this one brings back
    previous: int | None

    @property
    def name(self) -> str:
        """Name of its process and log."""
        return f"{PREFIX}{self.release.id}"

    @property
    def command(self) -> Command:
        """The command that boots it on its port."""
        return fill(self.plan.command, self.release.port)


class Releases:
    """Read and change the records."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(
        self, endpoint: str, plan: Plan, *, actor: str, key: str, previous: int | None
    ) -> Stored:
        """Record a release that is about to start, on a port of its own."""
        with self._database.writing(exclusive=True) as connection:
            _ensure(connection, endpoint)
            taken = connection.execute(sa.select(table.c.port).where(table.c.state.in_(_UP)))
            row = {
                **plan.__dict__,
                "endpoint": endpoint,
                "port": pick_port(taken.scalars()),
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
        """Return the live release and the candidate of every endpoint that has them."""
        return self._find(table.c.state.in_(_SERVING))

    def among(self, names: Iterable[str]) -> list[Stored]:
        """Return the releases that these process names belong to, and all that should serve."""
        ids = [int(name.removeprefix(PREFIX)) for name in names if name.startswith(PREFIX)]
        return self._find(sa.or_(table.c.id.in_(ids), table.c.state.in_(_SERVING)))

    def live(self, endpoint: str) -> Stored | None:
        """Return the release that the endpoint's traffic goes to."""
        return self._in_state(endpoint, ReleaseState.LIVE)

    def of_model(self, model: str) -> Stored | None:
        """Return the newest release that serves ``MODEL/VERSION``, on whichever endpoint."""
        live = sa.and_(table.c.model == model, table.c.state == ReleaseState.LIVE)
        return next(iter(self._find(live)), None)

    def candidate(self, endpoint: str) -> Stored | None:
        """Return the release that is tried beside the live one."""
        return self._in_state(endpoint, ReleaseState.CANDIDATE)

    def _in_state(self, endpoint: str, state: ReleaseState) -> Stored | None:
        found = self._find(sa.and_(table.c.endpoint == endpoint, table.c.state == state))
        return found[0] if found else None

    def go_live(self, id: int) -> Stored:
        """Record that `id` has taken over; whatever was live on its endpoint retires."""
        with self._database.writing(exclusive=True) as connection:
            endpoint = sa.select(table.c.endpoint).where(table.c.id == id).scalar_subquery()
            was_live = sa.and_(table.c.endpoint == endpoint, table.c.state == ReleaseState.LIVE)
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

    def move(self, id: int, port: int) -> Stored:
        """Record that a release is on another port now."""
        self._set(id, port=port)
        return self.get(id)

    def endpoints(self) -> list[str]:
        """Return the names of all endpoints."""
        with self._database.reading() as connection:
            query = sa.select(endpoint_table.c.name).order_by(endpoint_table.c.name)
            return list(connection.execute(query).scalars())

    def require(self, endpoint: str) -> None:
        """Return if there is such an endpoint.

        Raises
        ------
        NotFound
            There is not.
        """
        known = self.endpoints()
        if endpoint not in known:
            raise NotFound(f"There is no endpoint {endpoint!r}.", fix=nearest(endpoint, known))

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
        yield Stored(Release(**values, state=state), plan, row.key, row.previous)
