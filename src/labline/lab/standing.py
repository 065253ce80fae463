"""What held each stage and what each endpoint served at some time, told by the ledger."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from labline.errors import BadInput
from labline.ledger import Entry

#: what changes a stage, or an endpoint
CHANGES = ("promoted", "deployed", "rolled back")


@dataclass(frozen=True)
class Standing:
    """What one stage of a model, or one endpoint, stood at."""

    #: ``stage`` or ``endpoint``
    kind: str
    #: the stage, or the endpoint
    name: str
    #: ``MODEL/VERSION``
    version: str
    since: float
    #: on whose word
    actor: str
    #: number of the ledger's entry
    entry: int
    #: number of the entry that let the version hold a stage; the evidence for what is served
    promotion: int | None = None
    #: who approved: ``NAME: comment``
    approved: tuple[str, ...] = ()
    #: gate -> reason
    evidence: Mapping[str, str] = field(default_factory=dict)
    #: SHA-256 of the model's files
    digest: str = ""


def standings(entries: Iterable[Entry]) -> list[Standing]:
    """Return how everything stood after `entries`, which come oldest first."""
    held: dict[tuple[str, str, str], Standing] = {}
    promoted: dict[str, Standing] = {}
    for entry in entries:
        if entry.action == "promoted":
            found = _stage(entry)
            held["stage", entry.model, found.name] = promoted[found.version] = found
        elif entry.action in CHANGES:
            found = _endpoint(entry, promoted.get(str(entry.payload["model"])))
            held["endpoint", "", found.name] = found
    return [held[key] for key in sorted(held, key=lambda key: (key[0] != "stage", key[1:]))]


def _stage(entry: Entry) -> Standing:
    facts = entry.payload
    return Standing(
        kind="stage",
        name=str(facts["stage"]),
        version=f"{facts['model']}/{facts['version']}",
        since=entry.at,
        actor=entry.actor,
        entry=entry.number,
        promotion=entry.number,
        approved=tuple(_said(item) for item in facts.get("approvals", ()) if item["approved"]),
        evidence={item["gate"]: item["reason"] for item in facts["verdicts"]},
        digest=str(facts.get("digest", "")),
    )


def _said(approval: Mapping[str, Any]) -> str:
    comment = approval["comment"]
    return f"{approval['actor']}: {comment}" if comment else str(approval["actor"])


def _endpoint(entry: Entry, promotion: Standing | None) -> Standing:
    """Return what an endpoint served from here on; its evidence is the version's promotion."""
    return Standing(
        kind="endpoint",
        name=str(entry.payload["endpoint"]),
        version=str(entry.payload["model"]),
        since=entry.at,
        actor=entry.actor,
        entry=entry.number,
        promotion=promotion.entry if promotion else None,
        approved=promotion.approved if promotion else (),
        evidence=promotion.evidence if promotion else {},
        digest=promotion.digest if promotion else "",
    )


def moment(text: str | None) -> float:
    """Return the time that a person means; now, if they say nothing.

    A day means its end; without an offset from UTC the time is local.

    Raises
    ------
    BadInput
        It is no time.

    >>> moment("2026-03-03T12:00+00:00")
    1772539200.0
    """
    if text is None:
        return time.time()
    try:
        if len(text.strip()) == len("2026-03-03"):
            day = date.fromisoformat(text.strip()) + timedelta(days=1)
            return datetime(day.year, day.month, day.day).timestamp() - 1e-6
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError) as error:
        raise BadInput(
            f"{text!r} is no time.", fix="Write 2026-03-03, 2026-03-03T14:30 or ...T14:30+01:00."
        ) from error
