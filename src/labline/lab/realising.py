"""Labels of production and a run's own metrics, brought together."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from labline.monitoring import realised
from labline.monitoring.labels import Place, join
from labline.monitoring.realised import Kept, Realised, RealisedReport

if TYPE_CHECKING:
    from labline.monitoring.decoding import Row
    from labline.settings import MetricsSettings

#: labelled rows that are looked at: a bootstrap of more takes long and tells no more
_MOST = 10_000


def report(
    endpoint: str,
    model: str,
    logged: Mapping[str, float],
    rows: Sequence[Row],
    known: Mapping[Place, Any],
    rule: MetricsSettings,
) -> RealisedReport:
    """Return what labels say of the model that predicted `rows`.

    Parameters
    ----------
    logged
        The metrics of its run.
    known
        The labels of the endpoint.
    """
    labelled = [row for row in rows if Place(row.request_id, row.row) in known]
    holdout = join(labelled[:: max(1, -(-len(labelled) // _MOST))], known)
    plain = RealisedReport(
        endpoint=endpoint,
        model=model,
        at=time.time(),
        labels=len(known),
        joined=len(labelled),
        outcome=Kept.NOT_JUDGED,
        says="",
        fix="",
    )
    if len(labelled) >= rule.labels:
        metrics, remarks = _measured(holdout, logged, rule)
        plain = replace(plain, metrics=metrics, remarks=remarks)
    outcome, says, fix = realised.conclude(plain, rule, endpoint)
    return replace(plain, outcome=outcome, says=says, fix=fix)


def _measured(
    holdout: Mapping[str, Any], logged: Mapping[str, float], rule: MetricsSettings
) -> tuple[tuple[Realised, ...], tuple[str, ...]]:
    from labline.promotion import measures
    from labline.promotion.comparison import compare

    asked = {name: value for name, value in logged.items()
             if rule.names == "all" or name in rule.names}  # fmt: skip
    scored = {name for name in asked if (one := measures.known(name)) and one.takes == "scores"}
    remarks = []
    if scored and "scores" not in holdout:
        asked = {name: value for name, value in asked.items() if name not in scored}
        remarks.append(
            f"{', '.join(sorted(scored))} needs probabilities: ask for /predict_proba too."
        )
    found = compare(holdout, None, asked)
    made = tuple(
        realised.judge(
            each.metric,
            asked[each.metric],
            (each.candidate.value, each.candidate.low, each.candidate.high),
            greater_is_better=each.greater_is_better,
            rule=rule,
        )
        for each in found.measured
        if not each.slice
    )
    return made, (*remarks, *found.remarks)
