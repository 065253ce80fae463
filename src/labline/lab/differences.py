"""Diffs: a promotion's, or of any two models; put together from what is recorded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from labline.errors import BadInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labline.lab.service import Lab
    from labline.promotion import Promotion, Subject
    from labline.promotion.diff import Diff, Side
    from labline.records import ModelVersion, Run

_MOST_KNOWN = 20
_SERVICE = ("boot_seconds", "memory_mb", "p50_ms", "p95_ms", "p99_ms")


@dataclass(frozen=True)
class Differences:
    """Where candidate and champion, or two versions, are laid side by side."""

    lab: Lab
    #: the newest few; a front end asks again and again
    _known: dict[tuple[str, str], Diff] = field(default_factory=dict, repr=False, compare=False)

    def of(self, promotion: Promotion) -> Diff:
        """Return the diff of a promotion, as it was judged; only what is recorded is read."""
        key = (promotion.id, str(promotion.state))
        if key not in self._known:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[key] = self._of(promotion)
        return self._known[key]

    def _of(self, promotion: Promotion) -> Diff:
        from labline.promotion.diff import of_promotion

        candidate = self._candidate(promotion)
        champion = self._version(promotion.champion) if promotion.champion else None
        return of_promotion(
            promotion,
            replace(candidate, service=_measured(promotion)),
            self._side(champion) if champion else None,
        )

    def between(self, candidate: str, champion: str) -> Diff:
        """Return what two model versions differ in; the champion may be asked over HTTP.

        Parameters
        ----------
        candidate, champion
            ``MODEL``, ``MODEL/3`` or ``MODEL@STAGE``.

        Raises
        ------
        NotFound
            There is no such version.
        BadInput
            They are one and the same.
        """
        from labline.lab import trial
        from labline.promotion import Evidence, rivalry
        from labline.promotion.diff import between

        ours, theirs = self.lab.version(candidate), self.lab.version(champion)
        if ours == theirs:
            raise BadInput(
                f"{candidate} and {champion} are both {ours.label}.",
                fix=f"Name two versions; see labline models show {ours.name}",
            )
        one, other = self._side(ours), self._side(theirs)
        evidence = Evidence(
            _subject(ours, one),
            _subject(theirs, other),
            holdout=self._read(one.run, "holdout.json"),
        )
        others = self._read(other.run, "holdout.json")
        compared = rivalry.compare(evidence, others, partial(trial.hold, self.lab))
        return between(one, other, compared)

    # -- what is recorded of one model ---------------------------------------------------------

    def _candidate(self, promotion: Promotion) -> Side:
        if promotion.version is not None:
            found = self._version(f"{promotion.model}/{promotion.version}")
            if found is not None:
                return self._side(found)
        run = self.lab.tracking.run(promotion.run_id)
        return self._of_run(run, f"{promotion.model} (run {run.name or run.id[:8]})", run.model_uri)

    def _version(self, label: str) -> ModelVersion | None:
        try:
            return self.lab.version(label)
        except NotFound:
            # Deleted since: the promotion is still told, without it.
            return None

    def _side(self, version: ModelVersion) -> Side:
        run = self.lab.tracking.run(version.run_id)
        side = self._of_run(run, version.label, version.source)
        history = self.lab.promotions.newest(model=version.name)
        known = [_measured(item) for item in history if item.version == version.version]
        return replace(side, service=next((item for item in known if item), {}))

    def _of_run(self, run: Run, label: str, source: str | None) -> Side:
        from labline.promotion.diff import Side

        facts = self.lab.tracking.registry.facts(source) if source else None
        return Side(
            label=label,
            run=run,
            signature=facts.signature if facts else None,
            requirements=facts.requirements if facts else (),
            size=facts.size if facts else 0,
            datasets=(self._read(run, "recording.json") or {}).get("datasets", ()),
            notebook=self._read(run, "notebook.ipynb"),
            training=self._read(run, "training.json") or {},
        )

    def _read(self, run: Run, name: str) -> Any:
        try:
            return self.lab.tracking.read_json(run.id, f"labline/{name}")
        except NotFound:
            return None


def _subject(version: ModelVersion, side: Side) -> Subject:
    from labline.promotion import Subject

    return Subject(version.name, version.version, side.run, version.stages, side.signature)


def _measured(promotion: Promotion) -> Mapping[str, float]:
    """Return what the gates measured of the service."""
    return {
        name: verdict.evidence[name]
        for verdict in promotion.verdicts
        for name in _SERVICE
        if isinstance(verdict.evidence.get(name), int | float)
    }
