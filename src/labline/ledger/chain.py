"""The chain: what an entry's hash covers, and whether entries follow one another; pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labline.errors import BadInput, Failed

GENESIS = "0" * 64
#: what an entry's hash covers; its signature covers the hash
COVERED = ("number", "at", "actor", "action", "model", "subject", "payload", "key", "previous")
_SHORTEST = 8
_RESTORE = "Restore the database from a backup, and find out who wrote to it."


class LedgerBroken(Failed):
    """The ledger does not verify."""


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
    #: public key of who signed it, ``ed25519:...``; empty where nobody did
    signer: str = ""
    #: Ed25519 signature of the hash, base64
    signature: str = ""


@dataclass(frozen=True)
class Audit:
    """What a whole ledger came to."""

    #: how many there are
    entries: int = 0
    #: hash of the last one
    hash: str = GENESIS
    #: who signed -> how many; those without a signature are not in it
    signed: Mapping[str, int] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        """Return ``NUMBER:HASH`` of the last entry, to be kept where the database is not."""
        return f"{self.entries}:{self.hash}"


def digest(row: Mapping[str, Any]) -> str:
    """Return the SHA-256 of an entry: what is :data:`COVERED`, as canonical JSON."""
    content = {name: row[name] for name in sorted(COVERED)}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def audit(
    rows: Iterable[Mapping[str, Any]],
    signer: Callable[[Mapping[str, Any]], str],
    anchor: str = "",
) -> Audit:
    """Check a whole chain.

    Parameters
    ----------
    rows
        The entries, oldest first, the payload as text.
    signer
        Returns who signed an entry, or nothing; raises :class:`LedgerBroken` where that is wrong.
    anchor
        ``NUMBER:HASH`` of an earlier audit, or its hash: the chain must still contain it.

    Raises
    ------
    LedgerBroken
        Names the first entry that does not fit, and why.
    BadInput
        `anchor` is none.
    """
    wanted = _Anchor.parse(anchor) if anchor else None
    signed: Counter[str] = Counter()
    count, previous, met = 0, GENESIS, wanted is None
    for row in rows:
        count += 1
        _check(row, count, previous)
        if name := signer(row):
            signed[name] += 1
        previous = row["hash"]
        met = met or (wanted is not None and wanted.is_at(count, previous))
    if not met:
        assert wanted is not None
        raise wanted.missed(count)
    return Audit(count, previous, dict(signed))


def _check(row: Mapping[str, Any], number: int, previous: str) -> None:
    """Return if `row` is entry `number` and follows what has the hash `previous`."""
    if row["number"] != number:
        raise broken(number, f"Ledger entry {number} is missing")
    name = f"Ledger entry {number} ({row['action']} {row['subject']})"
    if row["hash"] != digest(row):
        raise broken(number, f"{name} was altered: its content does not give its hash")
    if row["previous"] != previous:
        raise broken(
            number, f"{name} does not follow entry {number - 1}: one of the two was replaced"
        )


def broken(number: int, what: str) -> LedgerBroken:
    """Return the error that names an entry."""
    return LedgerBroken(f"{what}.", fix=_RESTORE, entry=number)


@dataclass(frozen=True)
class _Anchor:
    #: number of the entry, 0 where it is not told
    number: int
    hash: str

    @classmethod
    def parse(cls, text: str) -> _Anchor:
        number, _, hash = text.strip().rpartition(":")
        fits = len(hash) >= _SHORTEST and set(hash) <= set("0123456789abcdef")
        if not fits or (number and not number.isdecimal()):
            raise BadInput(
                f"{text!r} is no anchor of a ledger.",
                fix="Give what labline ledger verify printed: NUMBER:HASH.",
            )
        return cls(int(number or 0), hash)

    def is_at(self, number: int, hash: str) -> bool:
        return self.number in (0, number) and hash.startswith(self.hash)

    def missed(self, count: int) -> LedgerBroken:
        what = f"The ledger ends at entry {count} and has no entry {self.number}"
        if not self.number:
            what = f"No entry of the ledger has the hash {self.hash[:12]}"
        elif self.number <= count:
            what = f"Ledger entry {self.number} is not the one that had the hash {self.hash[:12]}"
        return broken(self.number, f"{what}: entries were removed or written anew")
