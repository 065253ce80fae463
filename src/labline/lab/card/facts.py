"""The facts that a card is written from: what was recorded, what people decided and said."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labline.lab.card.document import Block, Open, Text, table
from labline.ledger import Entry
from labline.records import ModelVersion, Run
from labline.settings.card import FOLDER, CardSettings

_LIST = 12


@dataclass(frozen=True)
class Facts:
    """What is known of one model version."""

    version: ModelVersion
    run: Run
    #: ``labline/recording.json`` and ``labline/environment.json`` of the run; empty without
    recording: Mapping[str, Any]
    environment: Mapping[str, Any]
    signature: Mapping[str, Any]
    #: what the ledger has of this version, oldest first
    entries: Sequence[Entry]
    said: CardSettings
    #: ``risk`` of the policy
    risk: str

    # -- what people say -------------------------------------------------------------------

    def words(self, field: str) -> Block:
        """Return what somebody said, or that it is open."""
        text = str(getattr(self.said, field)).strip()
        asks = CardSettings.model_fields[field].description or ""
        return Text(text) if text else Open(field, asks, f"{FOLDER}/{self.version.name}.toml")

    # -- what was recorded -----------------------------------------------------------------

    def data(self) -> list[Block]:
        """Return the data sets, and their columns."""
        sets = self.recording.get("datasets") or []
        rows = [
            (item["name"], f"{item['rows']:,}", len(item["columns"]), item.get("context") or "-",
             item.get("source", ""), item["digest"][:16])
            for item in sets
        ]  # fmt: skip
        columns = [
            (item["name"], column["name"], column["dtype"], column.get("nulls", 0),
             _statistics(column))
            for item in sets
            for column in item["columns"]
        ]  # fmt: skip
        whole = ("data set", "rows", "columns", "used for", "source", "SHA-256")
        blocks = [table(whole, rows, "No data set was recorded with the run.")]
        if columns:
            parts = ("data set", "column", "type", "nulls", "statistics")
            blocks.append(table(parts, columns, ""))
        return blocks

    def metrics(self) -> Block:
        """Return the run's metrics, with an interval where a gate has found one."""
        intervals = dict(self._intervals())
        rows = [
            (name, f"{value:.6g}", intervals.get(name, "-"))
            for name, value in sorted(self.run.metrics.items())
        ]
        return table(("metric", "value", "interval"), rows, "The run has no metrics.")

    def _intervals(self) -> Iterator[tuple[str, str]]:
        for verdict in self._verdicts():
            found = verdict.get("evidence") or {}
            if "metric" in found and found.get("low") is not None:
                yield found["metric"], f"{found['low']:.6g} to {found['high']:.6g}"

    def judged(self) -> Block:
        """Return what the gates found when they judged it last."""
        rows = [(item["gate"], item["outcome"], item["reason"]) for item in self._verdicts()]
        return table(("gate", "verdict", "reason"), rows, "No gate has judged it yet.")

    def _verdicts(self) -> Sequence[Mapping[str, Any]]:
        found = [entry.payload["verdicts"] for entry in self.entries if "verdicts" in entry.payload]
        return found[-1] if found else ()

    def interface(self) -> Block:
        """Return what the model takes and gives."""
        rows = [
            (
                kind,
                item.get("name", "-"),
                _type(item),
                "yes" if item.get("required", True) else "no",
            )
            for kind, part in (("input", "inputs"), ("output", "outputs"))
            for item in self.signature.get(part) or []
        ]
        heads = ("", "name", "type", "required")
        return table(heads, rows, "It was logged without a signature.")

    def surroundings(self) -> Block:
        """Return what the training ran on."""
        if not self.environment:
            return Text("The environment was not recorded.")
        packages = self.environment.get("packages") or {}
        rows = [
            ("Python", self.environment.get("python", "")),
            ("platform", self.environment.get("platform", "")),
            *sorted(packages.items()),
        ]
        return table(("", "version"), rows, "")

    def lineage(self) -> Block:
        """Return where the model comes from."""
        git = self.recording.get("git") or {}
        commit = git.get("commit") or self.run.tags.get("mlflow.source.git.commit", "not recorded")
        dirty = git.get("dirty") or self.run.tags.get("labline.git.dirty") == "true"
        rows = [
            ("model version", self.version.label),
            ("SHA-256 of its files", self.version.digest or "not recorded"),
            ("run", f"{self.run.name} ({self.run.id})"),
            ("experiment", self.run.experiment),
            ("notebook", self.run.notebook or "not recorded"),
            ("git commit", f"{commit} (with changes not committed)" if dirty else commit),
            ("trained by", self.recording.get("user") or self.run.tags.get("mlflow.user", "-")),
            ("trained", moment(self.run.started)),
            ("cells run", len(self.recording.get("cells") or []) or "not recorded"),
        ]
        rows += [(f"parameter {name}", value) for name, value in sorted(self.run.params.items())]
        return table(("", ""), rows, "")

    def history(self) -> Block:
        """Return its promotions, approvals and releases by the ledger."""
        rows = [
            (entry.number, moment(entry.at), entry.actor, entry.action, entry.subject,
             _comment(entry))
            for entry in self.entries
        ]  # fmt: skip
        heads = ("#", "when", "who", "did", "what", "comment")
        return table(heads, rows, "The ledger has nothing of this version yet.")


def moment(at: float) -> str:
    """Return a time of day, UTC: a card is read anywhere."""
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))


def _comment(entry: Entry) -> str:
    said = entry.payload.get("approvals") or []
    decided = entry.action in ("approved", "rejected")
    return str(said[-1]["comment"]) if decided and said else ""


def _type(item: Mapping[str, Any]) -> str:
    if item.get("type") == "tensor":
        spec = item.get("tensor-spec", {})
        return f"tensor {spec.get('dtype', '')} {spec.get('shape', '')}"
    return str(item.get("type", ""))


def _statistics(column: Mapping[str, Any]) -> str:
    known = {"name", "dtype", "nulls"}
    found = {name: value for name, value in column.items() if name not in known}
    return ", ".join(f"{name} {_short(value)}" for name, value in found.items()) or "-"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple, dict)):
        return f"{len(value)} values" if len(value) > _LIST else str(value)
    return str(value)
