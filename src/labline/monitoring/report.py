"""What a look at an endpoint found: records, as every surface tells them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from labline.cards import Rich


class Outcome(StrEnum):
    """What a comparison came to."""

    STABLE = "stable"
    DRIFTED = "drifted"
    #: too few rows, or nothing to hold them against
    NOT_JUDGED = "not judged"


@dataclass(frozen=True)
class Bin:
    """A range of numbers, a category, or the nulls."""

    name: str
    #: share of the reference's rows, and of the window's; from 0 to 1
    reference: float
    window: float


@dataclass(frozen=True)
class ColumnDrift:
    """How far one input, or the predictions, have moved."""

    column: str
    #: ``input`` or ``prediction``
    of: str
    outcome: Outcome
    #: in words
    says: str
    #: the test's figure, and what it must exceed to count; None where it was not judged
    value: float | None = None
    limit: float | None = None
    bins: tuple[Bin, ...] = ()

    @property
    def furthest(self) -> Bin | None:
        """The bin whose share has moved most."""
        return max(self.bins, key=lambda bin: abs(bin.window - bin.reference), default=None)


@dataclass(frozen=True)
class DriftReport(Rich):
    """An endpoint's window held against what its model was fitted on."""

    endpoint: str
    #: ``MODEL/VERSION`` whose answers are looked at; empty where nothing is live
    model: str
    at: float
    #: the window, in seconds since the epoch
    since: float
    until: float
    outcome: Outcome
    #: in a sentence, and what to do
    says: str
    fix: str
    #: requests that the log has of this model in the window, and rows of them that were looked at
    requests: int
    rows: int
    #: what the window is held against, in words; empty without a reference
    reference: str
    #: name of the test
    test: str
    #: the worst first
    columns: tuple[ColumnDrift, ...] = ()

    @property
    def drifted(self) -> list[ColumnDrift]:
        """The columns that drifted, the worst first."""
        return [column for column in self.columns if column.outcome is Outcome.DRIFTED]

    def _text(self) -> str:
        from labline.monitoring.card import to_text

        return to_text(self)

    def _repr_html_(self) -> str:
        from labline.monitoring.card import to_html

        return to_html(self)
