"""The ledger: an append-only, hash-chained record of every promotion, release and rollback.

Each entry's hash covers its own content and the hash before it, so an entry that is edited,
removed or moved breaks the chain at a place that :meth:`Ledger.verify` can name.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from labline.database import Database
from labline.database import ledger as table
from labline.errors import Failed

GENESIS = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One line of the ledger."""

    number: int
    at: float
    #: who asked
    actor: str
    #: ``promoted``, ``refused``, ``deployed``, ``rolled back`` ...
    action: str
    #: registered model's name
    model: str
    #: what was acted on: ``MODEL/VERSION -> STAGE`` or an endpoint
    subject: str
    #: the evidence, JSON-ready
    payload: Mapping[str, Any]
    key: str
    previous: str
    hash: str


class LedgerBroken(Failed):
    """The ledger does not verify."""


class Ledger:
    """Append to, read and verify the ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def append(
        self,
        *,
        actor: str,
        action: str,
        model: str,
        subject: str,
        key: str,
        payload: Mapping[str, Any],
    ) -> Entry:
        """Add an entry and return it; with a `key` that is there already, return that entry."""
        with self._database.writing(exclusive=True) as connection:
            known = connection.execute(sa.select(table).where(table.c.key == key)).first()
            if known:
                return _entry(known)
            last = connection.execute(
                sa.select(table.c.number, table.c.hash).order_by(table.c.number.desc()).limit(1)
            ).first()
            row = {
                "number": last.number + 1 if last else 1,
                "at": time.time(),
                "actor": actor,
                "action": action,
                "model": model,
                "subject": subject,
                "payload": json.dumps(payload, sort_keys=True, default=str),
                "key": key,
                "previous": last.hash if last else GENESIS,
            }
            row["hash"] = digest(row)
            connection.execute(table.insert().values(**row))
        return _entry(row)

    def entries(
        self,
        *,
        model: str | None = None,
        limit: int | None = None,
        actions: Collection[str] = (),
        key: str = "",
        until: float | None = None,
    ) -> list[Entry]:
        """Return the entries, newest first.

        Parameters
        ----------
        actions
            Only these; all unless given.
        key
            What the entry's key begins with.
        until
            Only entries made at this time or before.
        """
        query = sa.select(table).order_by(table.c.number.desc()).limit(limit)
        if model:
            query = query.where(table.c.model == model)
        if actions:
            query = query.where(table.c.action.in_(actions))
        if key:
            query = query.where(table.c.key.startswith(key, autoescape=True))
        if until is not None:
            query = query.where(table.c.at <= until)
        with self._database.reading() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def verify(self) -> int:
        """Check the whole chain and return how many entries it has.

        Raises
        ------
        LedgerBroken
            Names the first entry that does not fit.
        """
        previous, count = GENESIS, 0
        for row in self._rows():
            count += 1
            if row["number"] != count:
                raise LedgerBroken(f"Ledger entry {count} is missing.", fix=_RESTORE, entry=count)
            if row["previous"] != previous or row["hash"] != digest(row):
                raise LedgerBroken(
                    f"Ledger entry {count} ({row['action']} {row['subject']}) was altered.",
                    fix=_RESTORE,
                    entry=count,
                )
            previous = row["hash"]
        return count

    def _rows(self) -> Iterator[Mapping[str, Any]]:
        with self._database.reading() as connection:
            for row in connection.execute(sa.select(table).order_by(table.c.number)):
                yield dict(row._mapping)


_RESTORE = "Restore the database from a backup, and find out who wrote to it."


def digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an entry: every column but ``hash``, as canonical JSON."""
    content = {name: row[name] for name in sorted(row) if name != "hash"}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _entry(row: Any) -> Entry:
    values = dict(getattr(row, "_mapping", row))
    return Entry(**{**values, "payload": json.loads(values["payload"])})
