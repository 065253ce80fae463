"""Gates on the built service: it must be what the notebook had."""

from __future__ import annotations

import json
import math
from typing import Any

from labline.promotion.evidence import Answer, Evidence, Question, Verdict
from labline.promotion.gates import Gate
from labline.settings import StageSettings

_LOG_AGAIN = "Log the model again with held-out data: %log --model model --data X_test,y_test"


class ServiceGate(Gate):
    """A gate that asks the candidate's Bento, booted by itself, over HTTP."""

    needs = frozenset({"service"})

    def unfit(self, evidence: Evidence) -> Verdict | None:
        """Return why there is nothing to judge by, if so: no rows, or no service."""
        service = evidence.service
        if not (evidence.holdout or {}).get("rows"):
            return self.failed("The run keeps no held-out rows to ask with.", _LOG_AGAIN)
        if service is None or service.error:
            return self.failed(
                f"The built service does not run: {service.error if service else 'not tried'}",
                (service.fix if service else "") or "See labline export for what it lacks.",
                log=list(service.log) if service else [],
            )
        return None

    def answer(self, evidence: Evidence, name: str) -> Answer:
        """Return the answer to a question of this gate."""
        assert evidence.service is not None
        return evidence.service.answers[f"{self.name}/{name}"]


class ParityGate(ServiceGate):
    """The built service answers held-out rows over HTTP as the notebook's model did."""

    name = "parity"

    def questions(self, evidence: Evidence, stage: StageSettings) -> list[Question]:
        """Ask with all of the rows at once."""
        rows = (evidence.holdout or {}).get("rows")
        return [Question("rows", json.dumps({"rows": rows}).encode())] if rows else []

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        """Compare every prediction with the notebook's."""
        if verdict := self.unfit(evidence):
            return verdict
        assert evidence.holdout is not None
        answer = self.answer(evidence, "rows")
        if answer.status != 200:
            return self.failed(
                f"The service does not take the notebook's rows: {told(answer)}",
                "The rows must fit the signature, and the model must work on what JSON holds: "
                "plain columns, by name. " + _LOG_AGAIN,
                status=answer.status,
                answer=answer.body,
            )
        return self._compare(
            evidence.holdout["predictions"], answer.body["predictions"], evidence, stage
        )

    def _compare(
        self, notebook: Any, service: Any, evidence: Evidence, stage: StageSettings
    ) -> Verdict:
        tolerance = stage.parity.tolerance
        if len(notebook) != len(service):
            return self.failed(
                f"The service gave {len(service)} predictions for {len(notebook)} rows.",
                "model.predict must return one prediction a row.",
            )
        apart = [
            row
            for row, (ours, theirs) in enumerate(zip(notebook, service, strict=True))
            if not equal(ours, theirs, tolerance)
        ]
        if apart:
            first = apart[0]
            return self.failed(
                f"{len(apart)} of {len(notebook)} predictions differ; row {first}: the notebook "
                f"had {_shown(notebook[first])}, the service gives {_shown(service[first])}.",
                "The model must not depend on what only the notebook has: the order or types of "
                "columns, an index, globals, chance. Or raise parity.tolerance.",
                row=evidence.holdout["rows"][first] if evidence.holdout else None,
                notebook=notebook[first],
                service=service[first],
                differ=len(apart),
                tolerance=tolerance,
            )
        assert evidence.service is not None
        return self.passed(
            f"{len(notebook)} predictions over HTTP equal the notebook's within {tolerance:g}",
            rows=len(notebook),
            boot_seconds=round(evidence.service.boot_seconds, 2),
        )


def equal(ours: Any, theirs: Any, tolerance: float) -> bool:
    """Return whether two JSON values are equal, numbers by relative difference."""
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(
            equal(a, b, tolerance) for a, b in zip(ours, theirs, strict=True)
        )
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(
            equal(value, theirs[key], tolerance) for key, value in ours.items()
        )
    if _number(ours) and _number(theirs):
        return math.isclose(ours, theirs, rel_tol=tolerance, abs_tol=tolerance)
    return bool(ours == theirs)


def told(answer: Answer) -> str:
    """Return an answer in a line: status, and what is wrong by its problem details."""
    if not answer.status:
        return f"no answer ({answer.body})"
    body = answer.body
    if not isinstance(body, dict):
        return f"{answer.status} {str(body)[:200]}"
    errors = [f"{item.get('field')}: {item.get('message')}" for item in body.get("errors", ())[:3]]
    return f"{answer.status} {'; '.join(errors) or body.get('detail') or body.get('title') or ''}"


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
