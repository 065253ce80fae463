"""Have the champion answer the candidate's held-out rows, and compare."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from labline.promotion import comparison
from labline.promotion.comparison import Comparison
from labline.promotion.evidence import Evidence, Question, Search, Service, Subject

#: rows in one request
CHUNK = 500


class Trial(Protocol):
    """What tries a model as a service; see :func:`labline.lab.trial.hold`."""

    def __call__(self, candidate: Subject, questions: Mapping[str, Question | Search]) -> Service:
        """Return the answers by the questions' names; what goes wrong is told, not raised."""
        ...


def compare(
    evidence: Evidence,
    others: Mapping[str, Any] | None,
    trial: Trial,
    *,
    slices: Sequence[str] = (),
    confidence: float = 0.95,
) -> Comparison | None:
    """Compare candidate and champion on the candidate's held-out rows.

    Where the champion was logged with the very same rows its predictions are known. Else its own
    service is built, booted and asked: what it would answer today, in its own environment.

    Parameters
    ----------
    others
        The champion's own hold-out.
    """
    holdout = evidence.holdout
    if holdout is None:
        return None
    rival, remark = _rival(evidence, holdout, others, trial)
    found = comparison.compare(
        holdout, rival, evidence.candidate.run.metrics, slices=slices, confidence=confidence
    )
    return replace(found, remarks=(*found.remarks, remark)) if remark else found


def _rival(
    evidence: Evidence,
    holdout: Mapping[str, Any],
    others: Mapping[str, Any] | None,
    trial: Trial,
) -> tuple[Mapping[str, Any] | None, str]:
    """Return the champion's answers, or why there are none."""
    champion = evidence.champion
    if champion is None or holdout.get("labels") is None:
        return None, ""
    if others is not None and others["rows"] == holdout["rows"]:
        return others, ""
    service = trial(champion, {item.name: item for item in asked(holdout["rows"])})
    if service.error:
        return None, f"{champion.label} could not be asked about these rows: {service.error}"
    refused = [item for item in service.answers.values() if item.status != 200]
    if refused:
        return None, (
            f"{champion.label} does not take these rows ({refused[0].status}): it was trained on "
            "other columns."
        )
    answers = [service.answers[item.name].body for item in asked(holdout["rows"])]
    return {"predictions": [one for body in answers for one in body["predictions"]]}, ""


def asked(rows: Sequence[Any]) -> Iterator[Question]:
    """Yield the questions that put rows to a service, some hundreds at a time."""
    for start in range(0, len(rows), CHUNK):
        body = json.dumps({"rows": rows[start : start + CHUNK]}).encode()
        yield Question(f"rows {start}" if start else "rows", body)
