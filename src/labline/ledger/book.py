"""The ledger in the database: append to it, read it, verify it."""

from __future__ import annotations

import dataclasses
import itertools
import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import sqlalchemy as sa

from labline.database import Database
from labline.database import ledger as table
from labline.ledger import chain
from labline.ledger.chain import GENESIS, Audit, Entry, broken, digest
from labline.ledger.signatures import Seal


class Ledger:
    """Append to, read and verify the ledger.

    Parameters
    ----------
    seal
        How entries are signed; without it they are not.
    """

    def __init__(self, database: Database, seal: Seal | None = None) -> None:
        self._database = database
        self._seal = seal or Seal()

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
        """Add an entry and return it; with a `key` that is there already, return that entry.

        Raises
        ------
        BadSettings
            Entries are signed, and this process cannot.
        """
        with self._database.writing(exclusive=True) as connection:
            known = connection.execute(sa.select(table).where(table.c.key == key)).first()
            if known:
                return _entry(known)
            last = connection.execute(
                sa.select(table.c.number, table.c.hash).order_by(table.c.number.desc()).limit(1)
            ).first()
            row: dict[str, Any] = {
                "number": last.number + 1 if last else 1,
                "at": time.time(),
                "actor": actor,
                "action": action,
                "model": model,
                "subject": subject,
                "payload": _text(payload),
                "key": key,
                "previous": last.hash if last else GENESIS,
            }
            row["hash"] = digest(row)
            row |= self._seal.sign(row["hash"])
            connection.execute(table.insert().values(**row))
        return _entry(row)

    def entries(
        self,
        *,
        model: str | None = None,
        actor: str | None = None,
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
        if actor:
            query = query.where(table.c.actor == actor)
        if actions:
            query = query.where(table.c.action.in_(actions))
        if key:
            query = query.where(table.c.key.startswith(key, autoescape=True))
        if until is not None:
            query = query.where(table.c.at <= until)
        with self._database.reading() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def verify(self) -> int:
        """Check the whole ledger and return how many entries it has; see :meth:`audit`."""
        return self.audit().entries

    def audit(self, anchor: str = "") -> Audit:
        """Check the whole ledger: chain and signatures.

        Parameters
        ----------
        anchor
            :attr:`Audit.anchor` of an earlier audit; finds entries cut off since.

        Raises
        ------
        LedgerBroken
            Names the first entry that does not fit, and why.
        """
        return chain.audit(self._rows(), self._seal.check, anchor)

    def audit_export(self, lines: Iterable[str], anchor: str = "") -> Audit:
        """Check an export, JSON Lines, as :meth:`audit` does the ledger itself."""
        return chain.audit(map(_exported, lines, itertools.count(1)), self._seal.check, anchor)

    def _rows(self) -> Iterator[Mapping[str, Any]]:
        with self._database.reading() as connection:
            for row in connection.execute(sa.select(table).order_by(table.c.number)):
                yield dict(row._mapping)


def _entry(row: Any) -> Entry:
    values = dict(getattr(row, "_mapping", row))
    try:
        payload = json.loads(values["payload"])
    except ValueError as error:
        number = values["number"]
        raise broken(number, f"The payload of ledger entry {number} is no JSON") from error
    signed = {name: values[name] or "" for name in ("signer", "signature")}
    return Entry(**{**values, **signed, "payload": payload})


def _exported(line: str, number: int) -> Mapping[str, Any]:
    """Return a line of an export as the row that it was."""
    try:
        row = json.loads(line)
        return {**row, "payload": _text(row["payload"]), **{n: row[n] for n in _FIELDS}}
    except (ValueError, TypeError, KeyError) as error:
        raise broken(number, f"Line {number} of the export is no entry") from error


def _text(payload: Mapping[str, Any]) -> str:
    return json.dumps(payload, sort_keys=True, default=str)


_FIELDS = tuple(item.name for item in dataclasses.fields(Entry) if item.name != "payload")
