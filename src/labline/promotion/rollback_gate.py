"""The gate on the way back: what the stage holds now could serve again."""

from __future__ import annotations

from typing import Any

from labline.promotion import rivalry
from labline.promotion.answers import equal, told
from labline.promotion.evidence import Evidence, Outcome, Question, Service, Subject, Verdict
from labline.promotion.gates import Gate
from labline.settings import StageSettings

_WAY_OUT = (
    "Promote a version that can serve to this stage first, or take rollback out of its gates: "
    "then there is no way back."
)


class RollbackGate(Gate):
    """What the stage holds now boots and answers as its notebook did: one could go back to it."""

    name = "rollback"
    needs = frozenset({"previous"})
    table = "parity"

    def questions(self, evidence: Evidence, stage: StageSettings) -> list[Question]:
        """Ask with the champion's own held-out rows."""
        return list(rivalry.asked((evidence.previous_holdout or {}).get("rows") or ()))

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        """Pass where there is nothing to go back to, or going back is proven."""
        champion, previous = evidence.champion, evidence.previous
        if champion is None:
            return self.passed("Nothing else holds the stage: there is nothing to go back to")
        if previous is None or previous.error:
            return self.failed(
                f"{_named(champion, previous)} does not boot any more, so nothing could be gone "
                f"back to: {previous.error if previous else 'it was not tried'}",
                _WAY_OUT,
                log=list(previous.log) if previous else [],
            )
        names = [item.name for item in self.questions(evidence, stage)]
        if not names:
            return self._unknown(champion, previous)
        return self._compare(evidence, previous, names, stage.parity.tolerance)

    def _unknown(self, champion: Subject, previous: Service) -> Verdict:
        return Verdict(
            self.name,
            Outcome.NEEDS_APPROVAL,
            f"{_named(champion, previous)} boots, but its run keeps no held-out rows: whether it "
            "answers as it did is not known.",
            "Approve it, if you know that it does: labline approve PROMOTION",
            {"previous_boot_seconds": round(previous.boot_seconds, 2)},
        )

    def _compare(
        self, evidence: Evidence, previous: Service, names: list[str], tolerance: float
    ) -> Verdict:
        assert evidence.champion is not None
        assert evidence.previous_holdout is not None
        which = _named(evidence.champion, previous)
        answers = [previous.answers[f"{self.name}/{name}"] for name in names]
        if wrong := next((answer for answer in answers if answer.status != 200), None):
            return self.failed(
                f"{which} boots, but does not take its own held-out rows: {told(wrong)}",
                _WAY_OUT,
                status=wrong.status,
                answer=wrong.body,
            )
        given = [one for answer in answers for one in answer.body["predictions"]]
        known = list(evidence.previous_holdout["predictions"])
        if row := _apart(known, given, tolerance):
            return self.failed(
                f"{which} boots, but does not answer as it did. {row}", _WAY_OUT, rows=len(known)
            )
        return self.passed(
            f"{which} boots in {previous.boot_seconds:.1f} s, and its {len(known)} predictions "
            f"equal its notebook's within {tolerance:g}",
            rows=len(known),
            previous_boot_seconds=round(previous.boot_seconds, 2),
        )


def _named(champion: Subject, previous: Service | None) -> str:
    where = previous.release if previous else ""
    return f"{champion.label} ({where})" if where else champion.label


def _apart(known: list[Any], given: list[Any], tolerance: float) -> str:
    """Return in words where predictions differ; empty where they do not."""
    if len(known) != len(given):
        return f"It gave {len(given)} predictions for {len(known)} rows."
    pairs = zip(known, given, strict=True)
    apart = [row for row, (ours, theirs) in enumerate(pairs) if not equal(ours, theirs, tolerance)]
    if not apart:
        return ""
    first = apart[0]
    return (
        f"{len(apart)} of {len(known)} predictions differ; row {first}: its notebook had "
        f"{known[first]}, it gives {given[first]}."
    )
