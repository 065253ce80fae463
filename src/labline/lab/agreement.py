"""Registry versus reality: what a stage's alias names, beside what its endpoint says it serves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labline.deployment import EndpointStatus
    from labline.records import Release


class Word(StrEnum):
    """Whether registry, record and instances say the same."""

    AGREES = "agrees"
    DIFFERS = "differs"
    #: what the registry names is a candidate beside the live release
    ON_TRIAL = "on trial"
    #: no instance answers
    SILENT = "silent"
    #: the registry does not answer
    UNKNOWN = "unknown"
    #: nothing is live
    EMPTY = "empty"


@dataclass(frozen=True)
class Registry:
    """What the registry says of the stage that an endpoint follows."""

    #: None: it follows none
    stage: str | None
    #: ``MODEL/VERSION`` that holds the stage; None where none does
    holder: str | None = None
    #: whether the registry answers
    answers: bool = True


@dataclass(frozen=True)
class Agreement:
    """Whether registry, record and instances say the same, in a word and in a sentence."""

    word: Word
    says: str
    #: what would make them agree
    fix: str = ""


def compare(endpoint: EndpointStatus, registry: Registry) -> Agreement:
    """Return whether an endpoint serves what is recorded, and what the registry names."""
    live = endpoint.live
    if live is None:
        where = ", ".join(f"{each.host} serves {each.model}" for each in endpoint.elsewhere)
        says = f"Nothing is live on this host; {where}." if where else "Nothing is live."
        return Agreement(Word.EMPTY, says, "labline deploy MODEL@STAGE")
    return _instances(endpoint, live) or _registry(endpoint, live, registry)


def _instances(endpoint: EndpointStatus, live: Release) -> Agreement | None:
    """Return how instances contradict the record; None where they do not."""
    mine = [each for each in endpoint.instances if each.release == live.id]
    wrong = [each for each in mine if each.serving not in (None, live.model)]
    if wrong:
        said = ", ".join(f"instance {each.number} says {each.serving}" for each in wrong)
        says = f"Recorded is {live.model}, but {said}."
        return Agreement(Word.DIFFERS, says, "labline deploy what it should serve")
    if not any(each.serving for each in mine):
        says = f"No instance answers; recorded is {live.model}."
        return Agreement(Word.SILENT, says, "labline status; labline up where it is down")
    return None


def _registry(endpoint: EndpointStatus, live: Release, registry: Registry) -> Agreement:
    stage, holder, serves = registry.stage, registry.holder, live.model
    if stage is None:
        return Agreement(Word.AGREES, f"It serves {serves}, as recorded, and follows no stage.")
    if not registry.answers:
        says = f"It serves {serves}, as recorded; the registry does not answer."
        return Agreement(Word.UNKNOWN, says, "labline status")
    if holder == serves:
        return Agreement(Word.AGREES, f"{stage} is {holder} in the registry, and that is served.")
    named = f"{stage} is {holder} in the registry" if holder else f"No version holds {stage}"
    tried = next((each for each in endpoint.traffic[1:] if each.model == holder), None)
    if tried:
        how = f"{tried.weight} % of the requests" if tried.weight else "copies of the requests"
        says = f"{named}, which is on trial with {how}; {serves} is live."
        return Agreement(Word.ON_TRIAL, says)
    return Agreement(
        Word.DIFFERS, f"{named}; the endpoint serves {serves}.", _mend(endpoint.name, live, stage)
    )


def _mend(endpoint: str, live: Release, stage: str) -> str:
    model = live.model.partition("/")[0]
    name = f" --endpoint {endpoint}" if endpoint != model else ""
    return (
        f"labline deploy {model}@{stage}{name} serves what the registry names; "
        f"labline promote {live.model} --to {stage} has the registry name what is served"
    )
