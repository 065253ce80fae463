"""The gate ``data``: held-out rows against those that the model was fitted on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import ClassVar

from labline.promotion.data_checks import Finding, Sets, checks
from labline.promotion.evidence import Evidence, Verdict
from labline.promotion.gates import Gate
from labline.settings import StageSettings

_LOG_AGAIN = (
    "Log the model again with both sets: "
    "%log --model model --data X_test,y_test --train X_train,y_train"
)
_SHOWN = 3


class DataGate(Gate):
    """The held-out rows are like the training set's, none of them is in it, and they suffice."""

    name = "data"
    needs: ClassVar[frozenset[str]] = frozenset({"training"})

    def judge(self, evidence: Evidence, stage: StageSettings) -> Verdict:
        """Name what is wrong, worst first; say what could not be judged."""
        if verdict := self._unfit(evidence, stage):
            return verdict
        sets = Sets.of(evidence, stage.data)
        found = list(checks(sets))
        bad = [item for item in found if item.bad]
        numbers = {
            "rows": sets.count,
            "training_rows": sets.training["rows"],
            "checks": [asdict(item) for item in found],
        }
        untold = [item.says for item in found if not item.judged]
        if bad:
            more = f" And {len(bad) - _SHOWN} more." if len(bad) > _SHOWN else ""
            said = " ".join(f"{item.says}." for item in bad[:_SHOWN])
            return self.failed(f"{said}{more}", _fixes(bad[:_SHOWN]), **numbers)
        return self.passed("; ".join([_summary(sets, found), *untold]), **numbers)

    def _unfit(self, evidence: Evidence, stage: StageSettings) -> Verdict | None:
        rows = (evidence.holdout or {}).get("rows") or ()
        if not rows:
            return self.failed("The run keeps no held-out rows to look at.", _LOG_AGAIN)
        if not evidence.training:
            return self.failed(
                "The run keeps nothing of the training set, so nulls, ranges, categories, leakage "
                "and drift cannot be judged.",
                _LOG_AGAIN,
                rows=len(rows),
            )
        least = stage.data.rows
        if len(rows) < least:
            return self.failed(
                f"The hold-out has {_count(len(rows), 'row')}, at least {least} must be there: "
                "fewer tell nothing.",
                "Hold out more rows, or lower data.rows.",
                rows=len(rows),
                limit=least,
            )
        return None


def _summary(sets: Sets, found: Sequence[Finding]) -> str:
    of = sets.holdout.get("of", sets.count)
    kept = f"{sets.count} held-out rows" + (f" (of {of})" if of > sets.count else "")
    words = f"{kept} are like the {sets.training['rows']} of training"
    drifts = [(item.value, item.column) for item in found if item.check == "drift" and item.judged]
    if drifts:
        index, column = max(drifts)
        words += f"; largest drift {index:.3f} ({column})"
    leaked = next((item for item in found if item.check == "leakage"), None)
    return f"{words}; {leaked.says}" if leaked and leaked.judged else words


def _fixes(bad: Sequence[Finding]) -> str:
    return " ".join(dict.fromkeys(_FIXES[item.check] for item in bad))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


_FIXES: Mapping[str, str] = {
    "columns": "Give both sets the same columns in one order: --data X_test[X_train.columns].",
    "type": "Read both sets with the same types.",
    "signature": "Log with held-out rows that have a null there too, so that the signature allows "
    "one; whole numbers as Int64 or float.",
    "null": "Fill or drop the nulls in both sets alike, or raise data.nulls.",
    "range": "Split at random, or widen the training set; or raise data.outside, or name the "
    "column in data.ignore.",
    "category": "Split with stratify, or widen the training set; or raise data.outside, or name "
    "the column in data.ignore.",
    "duplicates": "Drop repeated rows before the split, or raise data.duplicates.",
    "leakage": "Drop repeated rows before the split, and fit on X_train alone.",
    "drift": "Split at random, or train on newer rows; or raise data.drift, or name the column in "
    "data.ignore.",
    "classes": "Split with stratify=y, so that every class is held out.",
}
