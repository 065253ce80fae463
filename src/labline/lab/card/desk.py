"""Cards as surfaces ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labline.errors import BadInput, Conflict, NotFound
from labline.lab.card import pages
from labline.lab.card.facts import Facts
from labline.settings.card import blank_card, card_file, load_card

if TYPE_CHECKING:
    from pathlib import Path

    from labline.lab.card.document import Document
    from labline.lab.service import Lab
    from labline.ledger import Entry
    from labline.records import ModelVersion


@dataclass(frozen=True)
class CardDesk:
    """Where cards are written."""

    lab: Lab

    def write(self, reference: str, *, technical: bool = False) -> Document:
        """Return the card of ``MODEL``, ``MODEL/3`` or ``MODEL@STAGE``.

        Parameters
        ----------
        technical
            The technical documentation by Annex IV of the EU AI Act instead.

        Raises
        ------
        NotFound
            There is no such version.
        BadSettings
            ``cards/MODEL.toml`` cannot be used.
        """
        facts = self.facts(self.lab.version(reference))
        return pages.technical(facts) if technical else pages.model_card(facts)

    def start(self, model: str) -> Path:
        """Write ``cards/MODEL.toml``, to be filled by a person, and return where it is.

        Raises
        ------
        BadInput
            `model` cannot be the name of a model.
        Conflict
            It is there already.
        """
        if not model.strip(".") or set(model) & set("/\\:@"):
            raise BadInput(
                f"{model!r} cannot be the name of a model.", fix="Give the name without a version."
            )
        path = card_file(self.lab.settings.root, model)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8") as stream:
                stream.write(blank_card(model))
        except FileExistsError as error:
            raise Conflict(f"{path} is there already.", fix="Fill it in.") from error
        return path

    def facts(self, version: ModelVersion) -> Facts:
        """Return what is known of a version."""
        lab = self.lab
        run = lab.tracking.run(version.run_id)
        return Facts(
            version,
            run,
            recording=self._read(run.id, "recording.json"),
            environment=self._read(run.id, "environment.json"),
            signature=lab.tracking.registry.signature(version.source) or {},
            entries=[
                entry
                for entry in lab.ledger.entries(model=version.name)[::-1]
                if _about(entry, version)
            ],
            said=load_card(lab.settings.root, version.name),
            risk=lab.settings.project.risk,
        )

    def _read(self, run_id: str, name: str) -> Any:
        try:
            return self.lab.tracking.read_json(run_id, f"labline/{name}")
        except NotFound:
            return {}


def _about(entry: Entry, version: ModelVersion) -> bool:
    facts = entry.payload
    return facts.get("model") == version.label or (
        facts.get("model") == version.name and facts.get("version") == version.version
    )
