"""What gates judge, and what they answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from labline.cards import Card, Carded, Tone, listing, told
from labline.packages import Advisory, Package
from labline.promotion.comparison import Comparison
from labline.records import Run


class Outcome(StrEnum):
    """A gate's answer."""

    PASSED = "passed"
    FAILED = "failed"
    NEEDS_APPROVAL = "needs approval"


@dataclass(frozen=True)
class Subject:
    """A model as its run recorded it."""

    #: registered model's name, or the name it would get
    model: str
    #: registered version, ``None`` while it is only a run
    version: int | None
    run: Run
    #: stages the version holds
    stages: tuple[str, ...]
    #: ``{"inputs": [...], "outputs": [...]}`` as MLflow writes it; ``None`` without one
    signature: Mapping[str, Any] | None

    @property
    def label(self) -> str:
        """Return ``NAME/VERSION``, or the run where there is no version yet."""
        if self.version is None:
            return f"{self.model} (run {self.run.name or self.run.id})"
        return f"{self.model}/{self.version}"


@dataclass(frozen=True)
class Replay:
    """A clean-room rerun of the candidate's notebook."""

    #: metrics of the rerun
    metrics: Mapping[str, float] = field(default_factory=dict)
    run_id: str = ""
    #: why it could not be run to its end
    error: str = ""
    #: what the user can do about it
    fix: str = ""
    #: the cells that ran otherwise than the notebook stands, in words
    cells: str = ""


@dataclass(frozen=True)
class Question:
    """A request that a gate puts to the built service."""

    #: what the gate calls it; the answer comes under ``GATE/NAME``
    name: str
    #: body of ``POST /predict``
    body: bytes
    #: how often it is sent; the answer is the last
    times: int = 1
    #: requests under way at a time
    concurrency: int = 1


@dataclass(frozen=True)
class Answer:
    """What the built service answered."""

    #: HTTP status; 0 where none came
    status: int
    #: body, as JSON where it is that, else as text
    body: Any
    #: how long each request took; of those without an answer nothing
    seconds: tuple[float, ...] = ()
    #: requests that were not answered with the status 200
    failures: int = 0


#: sends a body to the built service
Ask = Callable[[bytes], Answer]


@dataclass(frozen=True)
class Search:
    """Requests that a gate puts to the built service, each by the answers before it."""

    #: what the gate calls it; what was found comes under ``GATE/NAME``
    name: str
    #: asks as often as it needs and returns what it found
    run: Callable[[Ask], Answer]


@dataclass(frozen=True)
class Service:
    """The candidate's Bento, built and booted, and what it answered."""

    answers: Mapping[str, Answer] = field(default_factory=dict)
    #: from start to ready
    boot_seconds: float = 0.0
    #: why it could not be built or did not become ready
    error: str = ""
    #: what the user can do about it
    fix: str = ""
    #: the last lines of its log
    log: tuple[str, ...] = ()
    #: bytes that its processes held after all requests; 0 where it was not measured
    memory: int = 0
    #: the release that was booted once more, in words; empty where it was built anew
    release: str = ""


@dataclass(frozen=True)
class Dependencies:
    """What a candidate's service would be made of."""

    packages: tuple[Package, ...] = ()
    #: known vulnerabilities of these very versions
    advisories: tuple[Advisory, ...] = ()
    #: where they were looked for, and how old that is; empty where nowhere
    database: str = ""
    #: packages that the database could tell of
    looked_up: int = 0
    #: why it cannot be told: a conflict of requirements, in words
    error: str = ""
    #: what the user can do about it
    fix: str = ""


@dataclass(frozen=True)
class Evidence:
    """Everything the gates of one promotion may look at."""

    candidate: Subject
    #: what the stage holds now
    champion: Subject | None = None
    #: collected where a gate's ``needs`` names it
    replay: Replay | None = None
    #: collected where a gate's ``needs`` names it
    service: Service | None = None
    #: collected where a gate's ``needs`` names it
    dependencies: Dependencies | None = None
    #: the champion, booted as one would go back to it; collected where ``needs`` names it
    previous: Service | None = None
    #: the champion's own held-out ``rows`` and ``predictions``
    previous_holdout: Mapping[str, Any] | None = None
    #: held-out ``rows`` and the notebook's ``predictions``; ``None`` where the run keeps none
    holdout: Mapping[str, Any] | None = None
    #: statistics of the training set; read where a gate's ``needs`` names it, ``None`` where the
    #: run keeps none
    training: Mapping[str, Any] | None = None
    #: candidate and champion on the same held-out rows; ``None`` where none are kept
    comparison: Comparison | None = None
    #: fields of the model's card that the project's risk asks for and nobody has filled
    open_fields: tuple[str, ...] = ()
    #: most bytes that a request to the service may have
    max_body_bytes: int = 10 * 2**20
    #: when this was looked at
    at: float = 0.0
    #: since when the candidate holds the stage before, by the ledger; ``None`` if it does not
    since: float | None = None


@dataclass(frozen=True)
class Verdict:
    """One gate's answer on one candidate."""

    gate: str
    outcome: Outcome
    #: in words, naming value and limit
    reason: str
    #: what would make it pass
    fix: str = ""
    #: the numbers behind it
    evidence: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether the candidate may go on."""
        return self.outcome is Outcome.PASSED

    @property
    def sentence(self) -> str:
        """Answer, reason and what to do, in one line."""
        return f"{self.outcome}: {self.reason} {self.fix}".rstrip()


class PromotionState(StrEnum):
    """Where a promotion stands."""

    PROMOTED = "promoted"
    REFUSED = "refused"
    NEEDS_APPROVAL = "needs approval"
    REJECTED = "rejected"
    EXPIRED = "expired"
    #: judged only
    DRY_RUN = "dry run"


@dataclass(frozen=True)
class Approval:
    """A named person's decision on a promotion."""

    actor: str
    #: ``False`` for a rejection
    approved: bool
    comment: str
    at: float

    @property
    def sentence(self) -> str:
        """What was decided, and what was said."""
        word = "approved" if self.approved else "rejected"
        return f"{word}: {self.comment}" if self.comment else word


@dataclass(frozen=True)
class Promotion(Carded):
    """What a promotion came to, or what it waits for."""

    id: str
    model: str
    #: ``None`` where the candidate was refused, or only tried, before it was registered
    version: int | None
    run_id: str
    stage: str
    actor: str
    verdicts: tuple[Verdict, ...]
    #: the stage's holder when it was judged
    champion: str | None
    #: metrics of candidate and champion
    metrics: Mapping[str, float]
    champion_metrics: Mapping[str, float]
    dry_run: bool
    #: whether the candidate holds the stage now
    promoted: bool
    #: when it was asked for
    asked: float = 0.0
    #: when it is too late to approve
    expires: float | None = None
    #: what people said
    approvals: tuple[Approval, ...] = ()
    #: SHA-256 of the candidate's model files; empty before it is registered
    digest: str = ""
    #: where it is deployed once it holds the stage; empty: nowhere
    endpoint: str = ""
    #: :class:`~labline.promotion.comparison.Comparison` as JSON; empty where there is none
    comparison: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether no gate refused; people may still have to approve."""
        return not self.refusals

    @property
    def refusals(self) -> tuple[Verdict, ...]:
        """The verdicts that stand in the way."""
        return tuple(item for item in self.verdicts if item.outcome is Outcome.FAILED)

    @property
    def open_questions(self) -> tuple[Verdict, ...]:
        """The verdicts that people have to answer."""
        return tuple(item for item in self.verdicts if item.outcome is Outcome.NEEDS_APPROVAL)

    @property
    def state(self) -> PromotionState:
        """Where it stood when this was recorded; an open one may have expired since."""
        if self.promoted:
            return PromotionState.PROMOTED
        if self.dry_run:
            return PromotionState.DRY_RUN
        if self.refusals:
            return PromotionState.REFUSED
        if any(not item.approved for item in self.approvals):
            return PromotionState.REJECTED
        return PromotionState.NEEDS_APPROVAL

    def state_at(self, now: float) -> PromotionState:
        """Return where it stands at a time."""
        waiting = self.state is PromotionState.NEEDS_APPROVAL
        late = self.expires is not None and now >= self.expires
        return PromotionState.EXPIRED if waiting and late else self.state

    @property
    def label(self) -> str:
        """Return ``NAME/VERSION`` or ``NAME (run ID)``."""
        return f"{self.model}/{self.version or f'(run {self.run_id[:8]})'}"

    def card(self) -> Card:
        """Return how a notebook shows it: every verdict, and the metrics side by side."""
        state = str(self.state_at(time.time()))
        if self.dry_run:
            state = "would pass" if self.passed else "refused"
        facts = [(verdict.gate, verdict.sentence) for verdict in self.verdicts]
        facts += told(
            ("champion", self.champion),
            ("metrics", listing(self.metrics)),
            ("champion's", listing(self.champion_metrics)),
            *((item.actor, item.sentence) for item in self.approvals),
        )
        tones: dict[str, Tone] = {
            "promoted": "good",
            "would pass": "good",
            "needs approval": "open",
        }
        waits = [f"Somebody has to say: %approve {self.id[:8]}"] * (state == "needs approval")
        title = f"{self.label} to {self.stage}"
        return Card(title, state, tones.get(state, "bad"), facts, waits)

    def to_dict(self) -> dict[str, Any]:
        """Return the promotion as JSON-ready data."""
        return {**asdict(self), "passed": self.passed, "state": str(self.state)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Promotion:
        """Return the promotion that :meth:`to_dict` gave; older entries lack newer fields."""
        known = {item.name for item in fields(cls)}
        values = {name: value for name, value in data.items() if name in known}
        verdicts = tuple(
            Verdict(**{**item, "outcome": Outcome(item["outcome"])}) for item in data["verdicts"]
        )
        approvals = tuple(Approval(**item) for item in data.get("approvals", ()))
        return cls(**{**values, "verdicts": verdicts, "approvals": approvals})
