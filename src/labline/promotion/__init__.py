"""Promotion: judge a candidate against a stage's policy, then let it hold the stage.

Gates are pure (:mod:`labline.promotion.gates`); the durable workflow that collects their evidence
and acts on their verdicts is :mod:`labline.promotion.workflow`.
"""

from labline.promotion.evidence import Evidence, Outcome, Promotion, Replay, Subject, Verdict
from labline.promotion.gates import Gate
from labline.promotion.workflow import Promotions

__all__ = [
    "Evidence",
    "Gate",
    "Outcome",
    "Promotion",
    "Promotions",
    "Replay",
    "Subject",
    "Verdict",
]
