"""Known vulnerabilities, from a file that somebody keeps at hand: no network is asked.

Understood are pip-audit's JSON (``pip-audit -f json``: an audit of one environment) and OSV's
records (https://ossf.github.io/osv-schema): one, a list, a folder of them, or the ``all.zip`` that
OSV publishes for PyPI.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from labline.errors import BadInput, NotFound
from labline.packages import Advisory

Json = Mapping[str, Any]
Pins = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Database:
    """What a file knows of vulnerabilities."""

    records: tuple[Json, ...]
    #: packages that an audit looked at, ``None`` for a database of all packages
    audited: frozenset[tuple[str, str]] | None = None

    @classmethod
    def read(cls, path: Path) -> Database:
        """Read a file or folder.

        Raises
        ------
        NotFound
            It is not there.
        BadInput
            It is neither pip-audit's nor OSV's JSON.
        """
        if not path.exists():
            raise NotFound(f"There is no {path}.", fix="See docs/promoting.md for how to make one.")
        try:
            documents = list(_documents(path))
        except (ValueError, zipfile.BadZipFile) as error:
            raise BadInput(f"{path} is no JSON: {error}", fix="See docs/promoting.md.") from error
        if len(documents) == 1 and isinstance(documents[0], dict) and (
            "dependencies" in documents[0]
        ):  # fmt: skip
            return _audit(documents[0])
        records = tuple(record for document in documents for record in _records(document))
        if not all(isinstance(item, dict) and "affected" in item for item in records):
            raise BadInput(
                f"{path} is neither pip-audit's JSON nor OSV's.", fix="See docs/promoting.md."
            )
        return cls(records)

    def known(self, pins: Pins) -> list[tuple[str, str]]:
        """Return the packages that it can tell of."""
        return [pin for pin in pins if self.audited is None or _key(pin) in self.audited]

    def of(self, pins: Pins) -> list[Advisory]:
        """Return the vulnerabilities of exactly these versions."""
        wanted: dict[str, tuple[str, str]] = {
            canonicalize_name(name): (name, version) for name, version in pins
        }
        found = [
            _advisory(record, affected, *wanted[name])
            for record in self.records
            if not record.get("withdrawn")
            for affected in record["affected"]
            if (name := _package(affected)) in wanted and _affects(affected, wanted[name][1])
        ]
        return sorted({item.id: item for item in found}.values(), key=lambda item: item.id)


def _documents(path: Path) -> Iterator[Any]:
    if path.is_dir():
        for file in sorted(path.glob("*.json")):
            yield json.loads(file.read_text(encoding="utf-8"))
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                yield json.loads(archive.read(name))
    else:
        yield json.loads(path.read_text(encoding="utf-8"))


def _records(document: Any) -> Iterable[Any]:
    if isinstance(document, dict) and "vulns" in document:
        return list(document["vulns"])
    return document if isinstance(document, list) else [document]


def _audit(document: Json) -> Database:
    """Turn pip-audit's answer into records like OSV's."""
    looked_at = [item for item in document["dependencies"] if "version" in item]
    records = tuple(
        {
            "id": vuln["id"],
            "aliases": vuln.get("aliases", ()),
            "summary": vuln.get("description", ""),
            "fixed": vuln.get("fix_versions", ()),
            "affected": [{"package": {"name": item["name"]}, "versions": [item["version"]]}],
        }
        for item in looked_at
        for vuln in item.get("vulns", ())
    )
    return Database(records, frozenset(_key((d["name"], d["version"])) for d in looked_at))


def _key(pin: tuple[str, str]) -> tuple[str, str]:
    return canonicalize_name(pin[0]), pin[1]


def _package(affected: Json) -> str:
    package = affected.get("package") or {}
    elsewhere = package.get("ecosystem", "PyPI") != "PyPI"
    return "" if elsewhere else canonicalize_name(package.get("name", ""))


def _affects(affected: Json, version: str) -> bool:
    if version in affected.get("versions", ()):
        return True
    return any(_within(item.get("events", ()), version) for item in _ranges(affected))


def _ranges(affected: Json) -> list[Json]:
    """Return the ranges of versions; those of commits say nothing of what is installed."""
    return [item for item in affected.get("ranges", ()) if item.get("type") == "ECOSYSTEM"]


def _within(events: Iterable[Json], version: str) -> bool:
    """Whether a version is in a range, as OSV's schema says to evaluate it."""
    mine, inside = _version(version), False
    if mine is None:
        return False
    # An entry that is no version of Python's says nothing; the others still do.
    known = [(at, event) for event in events if (at := _version(*event.values())) is not None]
    for at, event in sorted(known, key=lambda each: each[0]):
        if "introduced" in event and mine >= at:
            inside = True
        elif ("fixed" in event and mine >= at) or ("last_affected" in event and mine > at):
            inside = False
    return inside


def _version(text: str, *_: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _advisory(record: Json, affected: Json, package: str, version: str) -> Advisory:
    events = [event for item in _ranges(affected) for event in item.get("events", ())]
    fixed = record.get("fixed") or [event["fixed"] for event in events if "fixed" in event]
    words = str(record.get("summary") or record.get("details") or "").strip().partition("\n")[0]
    return Advisory(
        record["id"], tuple(record.get("aliases", ())), package, version, tuple(fixed), words[:200]
    )
