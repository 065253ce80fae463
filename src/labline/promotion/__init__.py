"""Promotion: judge a candidate against a stage's policy, then let it hold the stage.

Gates are pure (:mod:`labline.promotion.gates`); the durable workflow that collects their evidence
and acts on their verdicts is :mod:`labline.promotion.workflow`; what people say of a promotion
that waits for them is carried out by :mod:`labline.promotion.approvals`.
"""

from labline.promotion.approvals import Approvals
from labline.promotion.evidence import (
    Answer,
    Approval,
    Dependencies,
    Evidence,
    Outcome,
    Promotion,
    PromotionState,
    Question,
    Replay,
    Search,
    Service,
    Subject,
    Verdict,
)
from labline.promotion.gates import Gate
from labline.promotion.history import History
from labline.promotion.workflow import Promotions, is_run_id

__all__ = [
    "Answer",
    "Approval",
    "Approvals",
    "Dependencies",
    "Evidence",
    "Gate",
    "History",
    "Outcome",
    "Promotion",
    "PromotionState",
    "Promotions",
    "Question",
    "Replay",
    "Search",
    "Service",
    "Subject",
    "Verdict",
    "is_run_id",
]
