"""Put a diff together from recorded facts; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from labline.promotion.comparison import Comparison
from labline.promotion.diff import sections
from labline.promotion.diff.document import Diff, Outcome, Section, Table
from labline.promotion.evidence import Outcome as Answer
from labline.promotion.evidence import Promotion
from labline.records import Run


@dataclass(frozen=True)
class Side:
    """One model, as far as it is recorded."""

    #: ``NAME/VERSION``, or the run where there is no version yet
    label: str
    run: Run
    #: as MLflow writes it; ``None`` without one
    signature: Mapping[str, Any] | None = None
    #: requirement lines of the model
    requirements: Sequence[str] = ()
    #: bytes of the model's files; 0 where that is not known
    size: int = 0
    #: data sets as the recording has them
    datasets: Sequence[Mapping[str, Any]] = ()
    notebook: Mapping[str, Any] | None = None
    #: what the training set looked like; empty where that is not kept
    training: Mapping[str, Any] = field(default_factory=dict)
    #: numbers of the built service, by name: ``p95_ms``, ``boot_seconds`` ...
    service: Mapping[str, float] = field(default_factory=dict)


def of_promotion(promotion: Promotion, candidate: Side, champion: Side | None) -> Diff:
    """Return the diff of a promotion: its verdicts, then what candidate and champion differ in."""
    compared = Comparison.from_dict(promotion.comparison) if promotion.comparison else None
    against = f" versus {champion.label}" if champion else ", which no model holds yet"
    return Diff(
        title=f"{candidate.label} → {promotion.stage}{against}",
        headline=_headline(promotion),
        outcome=_outcome(promotion),
        sections=(
            _trimmed(sections.verdicts(promotion)),
            *_facts(candidate, champion, compared, promotion),
        ),
    )


def between(candidate: Side, champion: Side, compared: Comparison | None) -> Diff:
    """Return what two models differ in; nothing is judged."""
    found = _facts(candidate, champion, compared, None)
    apart = [section.title.lower() for section in found if section.summary != sections.SAME]
    told = f"They differ in {_listed(apart)}." if apart else "They do not differ."
    return Diff(f"{candidate.label} versus {champion.label}", told, "", found)


def _facts(
    candidate: Side,
    champion: Side | None,
    compared: Comparison | None,
    promotion: Promotion | None,
) -> tuple[Section, ...]:
    made = (
        sections.metrics(candidate, champion, compared, promotion),
        sections.service(candidate, champion),
        sections.signature(candidate, champion),
        sections.data(candidate, champion),
        sections.dependencies(candidate, champion),
        sections.params(candidate, champion),
        sections.cells(candidate, champion),
    )
    return tuple(_trimmed(section) for section in made if section is not None)


def _trimmed(section: Section) -> Section:
    blocks = (item.trimmed() if isinstance(item, Table) else item for item in section.blocks)
    return replace(section, blocks=tuple(blocks))


def _outcome(promotion: Promotion) -> Outcome:
    if promotion.refusals:
        return "failed"
    return "needs approval" if promotion.open_questions and not promotion.promoted else "passed"


def _headline(promotion: Promotion) -> str:
    """Say what it comes to; the gate that refuses comes first, with its reason."""
    would = "would be " if promotion.dry_run else "was "
    if promotion.refusals:
        first, *others = promotion.refusals
        more = f" (and by {_listed([item.gate for item in others])})" if others else ""
        return f"It {would}refused by {first.gate}{more}: {first.reason}"
    passed = sum(item.outcome is Answer.PASSED for item in promotion.verdicts)
    gates = f"{passed} {'gate' if passed == 1 else 'gates'} passed"
    if promotion.promoted:
        return f"It holds {promotion.stage}: {gates}."
    if promotion.open_questions:
        wait = "would wait" if promotion.dry_run else "waits"
        return f"It {wait} for approval: {gates}."
    return f"It would hold {promotion.stage}: {gates}."


def _listed(words: Sequence[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
