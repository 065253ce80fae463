"""Batch scoring as surfaces ask for it: which model, where it runs, what is recorded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from labline.batch import Order, Scored, Subject, run
from labline.errors import Interruption

if TYPE_CHECKING:
    from labline.lab.service import Lab, Progress

#: word in the ledger
ACTION = "scored"
#: what the output's own manifest tells in full
_LONG = ("files", "parts")


@dataclass(frozen=True)
class ScoringDesk:
    """Where files of rows are scored."""

    lab: Lab

    def score(
        self, reference: str, order: Order, *, progress: Progress | None = None, actor: str = ""
    ) -> Scored:
        """Score files with a model version; see :func:`labline.batch.run` for what it raises.

        Parameters
        ----------
        reference
            ``MODEL``, ``MODEL/3`` or ``MODEL@STAGE``.
        actor
            Who asks; the system's user unless given.

        Raises
        ------
        NotFound
            No such version, or no such input.
        ModelAltered
            The model's files are not those that were registered, or promoted.
        """
        rules = self.lab.settings.batch
        # Processes here were asked for: no scheduler elsewhere, whatever the settings say.
        scheduler = order.scheduler or (None if order.workers else rules.scheduler)
        chosen = replace(order, workers=order.workers or rules.workers, scheduler=scheduler)
        who, subject = actor or self.lab.whoami(), self.subject(reference)
        try:
            return run(chosen, subject, actor=who, record=self._record, progress=progress)
        except KeyboardInterrupt as stop:
            raise Interruption(
                "Interrupted: what is scored so far is kept.",
                fix="Give the same order again: it goes on where this one stopped.",
            ) from stop

    def subject(self, reference: str) -> Subject:
        """Return the model version that scores, its files checked."""
        from packaging.requirements import InvalidRequirement, Requirement

        from labline.serving.model_folder import ModelFolder
        from labline.tracking.models import digest

        version = self.lab.version(reference)
        folder = self.lab.tracking.registry.fetch(version)
        self.lab.promotions.check_files(version, folder)
        facts = ModelFolder.read(folder, version.label)
        needs = []
        for line in facts.requirements:
            try:
                needs.append(Requirement(line).name)
            except InvalidRequirement:
                continue
        return Subject(
            version.label, version.digest or digest(folder), folder, facts.inputs, tuple(needs)
        )

    def _record(self, told: Mapping[str, Any]) -> None:
        """Write into the ledger what is about to be published; once, however often it is begun."""
        files = json.dumps(told["files"]).encode()
        self.lab.ledger.append(
            actor=told["actor"],
            action=ACTION,
            model=told["model"].partition("/")[0],
            subject=f"{told['rows']:,} rows with {told['model']}",
            key=f"batch/{told['id']}",
            payload={
                **{name: value for name, value in told.items() if name not in _LONG},
                # Of names, sizes and times of change; the rows themselves are not read twice.
                "files": len(told["files"]),
                "files_sha256": hashlib.sha256(files).hexdigest(),
            },
        )
