"""The gate ``fairness``: a metric by groups of held-out rows, with limits on how they differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

from labline.errors import nearest
from labline.promotion.evidence import Evidence, Verdict
from labline.promotion.fairness import Column, Unfit, values_of
from labline.promotion.gates import Gate
from labline.settings import FairnessSettings, StageSettings

_UNLABELLED = frozenset({"selection_rate", "mean_prediction"})
_LOG_AGAIN = "Log the model again with labels: %log --model model --data X_test,y_test"
_MEND = (
    "Look at the groups' rows apart: too few in training, or a column that stands for the group. "
    "Train again, or change the limit with whoever answers for it."
)


class FairnessGate(Gate):
    """A metric of the held-out rows differs little enough between groups of them."""

    name = "fairness"
    example = 'fairness = { by = ["sex"], metric = "selection_rate", difference = 0.1 }'

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        """Compare the groups of each column; the column that differs most is told."""
        rule = stage.fairness
        if rule is None:
            return self.failed(
                "The stage asks for the gate fairness but says nothing of it.",
                f"Add {self.example} to the stage in labline.toml.",
            )
        if verdict := self._unfit(evidence.holdout or {}, rule):
            return verdict
        assert evidence.holdout is not None
        try:
            truth, guess = values_of(evidence.holdout, rule)
            found = [Column(name, rule, evidence.holdout["rows"], truth, guess)
                     for name in rule.by]  # fmt: skip
        except Unfit as error:
            return self.failed(error.reason, error.fix)
        return self._verdict(found, rule)

    def _unfit(self, holdout: Mapping[str, Any], rule: FairnessSettings) -> Verdict | None:
        rows = holdout.get("rows") or ()
        if find_spec("fairlearn") is None:
            return self.failed(
                "The gate fairness computes with Fairlearn, which is not installed.",
                "pip install 'labline[fairness]'",
            )
        if not rows or (holdout.get("labels") is None and rule.metric not in _UNLABELLED):
            what = (
                "held-out rows" if not rows else f"labels, without which there is no {rule.metric}"
            )
            return self.failed(f"The run keeps no {what}.", _LOG_AGAIN)
        known = list(rows[0]) if isinstance(rows[0], dict) else []
        for name in rule.by:
            if name not in known:
                there = nearest(name, known) if known else "Log it with named columns."
                return self.failed(f"The held-out rows have no column {name!r} to group by.", there)
        return None

    def _verdict(self, found: Sequence[Column], rule: FairnessSettings) -> Verdict:
        numbers = {item.name: item.told for item in found}
        for item in found:
            if item.count < 2:
                return self.failed(
                    f"{item.name} has {item.count} of {len(item.sizes)} groups with "
                    f"{rule.rows} rows or more in which {rule.metric} is known ({item.sized}): "
                    "there is nothing to compare.",
                    "Hold out more rows of each group, or lower fairness.rows.",
                    **numbers,
                )
        wrong = [item for item in found if item.wrong]
        if wrong:
            return self.failed(
                " ".join(f"{item.says}: {item.wrong}." for item in wrong),
                _MEND,
                **numbers,
            )
        return self.passed("; ".join(f"{item.says}: {item.apart}" for item in found), **numbers)
