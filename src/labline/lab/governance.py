"""Governance as surfaces ask for it: what stood when, who signs, what a model's card says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from labline.lab import standing

if TYPE_CHECKING:
    from pathlib import Path

    from labline.lab.service import Lab


@dataclass(frozen=True)
class GovernanceDesk:
    """Where the record is asked what it has."""

    lab: Lab

    def standings(self, at: str | None = None) -> list[standing.Standing]:
        """Return what held each stage and what each endpoint served at a time, by the ledger.

        Raises
        ------
        BadInput
            `at` is no time.
        """
        entries = self.lab.ledger.entries(actions=standing.CHANGES, until=standing.moment(at))
        return standing.standings(entries[::-1])

    def make_key(self, path: Path) -> tuple[str, int]:
        """Write a key that signs the ledger; return its public half and the next entry's number.

        Raises
        ------
        Conflict
            There is a file already.
        LedgerBroken
            What is there so far does not verify, so that signing what follows would prove nothing.
        """
        from labline.ledger import make_key

        following = self.lab.ledger.verify() + 1
        return make_key(path.expanduser()), following
