"""The gate on the model card: what only a person can say has been said."""

from __future__ import annotations

from labline.promotion.evidence import Evidence, Verdict
from labline.promotion.gates import Gate
from labline.settings import StageSettings


class CardGate(Gate):
    """The model card says what only a person can say; at `risk = "high"`, all of Annex IV."""

    name = "card"

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        """Pass where no field that the project's risk asks for is open."""
        model = evidence.candidate.model
        missing = list(evidence.open_fields)
        if missing:
            one = len(missing) == 1
            return self.failed(
                f"The card of {model} does not say {', '.join(missing)}.",
                f"Fill {'it' if one else 'them'} in cards/{model}.toml; "
                f"labline card {model} --init writes the file.",
                missing=missing,
            )
        return self.passed(f"cards/{model}.toml says what only a person can say")
