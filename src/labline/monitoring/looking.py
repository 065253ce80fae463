"""A look at an endpoint: the rows of a window, the reference, and the report on both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from labline.datasets import profile
from labline.errors import BadSettings, nearest
from labline.monitoring import drift
from labline.monitoring.decoding import Row
from labline.monitoring.drift import Reference, Rule
from labline.monitoring.drift_tests import find
from labline.monitoring.log import Span
from labline.monitoring.report import DriftReport, Outcome
from labline.settings import DriftSettings
from labline.settings.units import lasting

#: rows of a window that are looked at, as of a training set
MOST_ROWS = profile.MOST_ROWS
_SHOWN = 3
_LOG_AGAIN = (
    "Log the model with what it was fitted on: "
    "%log --model model --data X_test,y_test --train X_train,y_train"
)


@dataclass(frozen=True)
class Window:
    """What an endpoint's model was asked in a span of time."""

    endpoint: str
    #: ``MODEL/VERSION``
    model: str
    span: Span
    #: requests in the span, and rows of them, of which there may be only some here
    requests: int
    rows: Sequence[Row]

    @property
    def lasts(self) -> str:
        """How long it is, in words."""
        seconds = round(self.span.until - self.span.since)
        return "24 hours" if seconds == 86400 else lasting(seconds)


def reference(
    training: Mapping[str, Any] | None, holdout: Mapping[str, Any] | None
) -> Reference | None:
    """Return what a window is held against, from what the run keeps; None if it keeps nothing.

    Parameters
    ----------
    training
        Profile of the training set, see :mod:`labline.datasets.training`.
    holdout
        Held-out rows and predictions, see :mod:`labline.tracking.holdout`; their rows are the
        reference where there is no profile.
    """
    said = profile.column(holdout["predictions"]) if holdout else None
    if training:
        name = f"the {training['rows']} rows of {training['name']}"
        return Reference(name, training["seen"], training["columns"], said)
    if not holdout or not holdout["rows"]:
        return None
    columns = {name: profile.column(values) for name, values in by_column(holdout["rows"]).items()}
    rows = len(holdout["rows"])
    return Reference(f"the {rows} held-out rows of the run", rows, columns, said)


def by_column(rows: Sequence[Any]) -> dict[str, list[Any]]:
    """Return the values of each column of rows that JSON has as objects, or as lists."""
    named = [row if isinstance(row, Mapping) else _placed(row) for row in rows]
    names = dict.fromkeys(str(name) for row in named for name in row)
    return {name: [row.get(name) for row in named] for name in names}


def _placed(row: Any) -> dict[str, Any]:
    values = row if isinstance(row, list) else [row]
    return {str(place): value for place, value in enumerate(values)}


def report(
    window: Window, known: Reference | None, rule: DriftSettings, *, at: float
) -> DriftReport:
    """Return what a window says.

    Raises
    ------
    BadSettings
        The rule names a test or a column that is not there.
    """
    test = find(rule.test)
    plain = DriftReport(
        endpoint=window.endpoint,
        model=window.model,
        at=at,
        since=window.span.since,
        until=window.span.until,
        outcome=Outcome.NOT_JUDGED,
        says="",
        fix="",
        requests=window.requests,
        rows=len(window.rows),
        reference=known.name if known else "",
        test=test.name,
    )
    if known is None:
        says = f"The run of {window.model} keeps nothing of its training set to hold this against."
        return replace(plain, says=says, fix=_LOG_AGAIN)
    if len(window.rows) < rule.rows:
        return replace(plain, says=_few(window, rule), fix=_more(window))
    threshold = test.threshold if rule.threshold is None else rule.threshold
    columns = drift.compare(
        known,
        chosen(window.rows, known, rule),
        _predictions(window.rows) if rule.predictions else [],
        Rule(test, threshold, rule.certainty),
    )
    return _concluded(replace(plain, columns=tuple(columns)), window)


def chosen(rows: Sequence[Row], known: Reference, rule: DriftSettings) -> dict[str, list[Any]]:
    """Return the values of the columns that are judged.

    Raises
    ------
    BadSettings
        The rule names one that neither the rows nor the reference have.
    """
    values = by_column([row.inputs for row in rows])
    if rule.features == "all":
        return values
    for name in rule.features:
        if name not in values and name not in known.columns:
            raise BadSettings(
                f"[monitor.drift] features names {name!r}, which is no input of the model.",
                fix=nearest(name, {*values, *known.columns}),
            )
    return {name: values.get(name, []) for name in rule.features}


def _predictions(rows: Sequence[Row]) -> list[Any]:
    """Return the predictions that are one value each; lists and objects have no histogram."""
    said = [row.prediction for row in rows if row.prediction is not None]
    return [value for value in said if not isinstance(value, list | dict)]


def _few(window: Window, rule: DriftSettings) -> str:
    count = len(window.rows)
    there = f"{count} row{'' if count == 1 else 's'}" if count else "no rows"
    return (
        f"{window.model} was asked {there} in the last {window.lasts}; fewer than {rule.rows} "
        "tell nothing."
    )


def _more(window: Window) -> str:
    return (
        f"Look further back (labline drift {window.endpoint} --last 7d), or lower rows under "
        "[monitor.drift]."
    )


def _concluded(found: DriftReport, window: Window) -> DriftReport:
    """Return the report with its outcome, from that of its columns."""
    judged = [each for each in found.columns if each.outcome is not Outcome.NOT_JUDGED]
    if not judged:
        return replace(found, says=f"No column can be judged. {found.columns[0].says}.")
    moved = found.drifted
    if not moved:
        worst = judged[0]
        says = f"{_of(window)} are like {found.reference}; the furthest: {worst.says}."
        return replace(found, outcome=Outcome.STABLE, says=says)
    names = ", ".join(each.column for each in moved[:_SHOWN])
    more = f" and {len(moved) - _SHOWN} more" if len(moved) > _SHOWN else ""
    says = (
        f"{len(moved)} of {len(judged)} columns drifted from {found.reference}: {names}{more}. "
        f"{moved[0].says}."
    )
    fix = (
        f"See the rows: %prod rows {window.endpoint} --drifted. If the world has changed, train on "
        "newer rows; else find what changed before the requests."
    )
    return replace(found, outcome=Outcome.DRIFTED, says=says, fix=fix)


def _of(window: Window) -> str:
    return f"The {len(window.rows)} rows of the last {window.lasts}"


def marked(rows: Sequence[Row], known: Reference, found: DriftReport) -> list[tuple[float, str]]:
    """Return for each row how much it speaks for the drift, and the column that says most.

    Only columns that drifted count; see :func:`labline.monitoring.drift.contributions`.
    """
    values = by_column([row.inputs for row in rows])
    scores = {
        each.column: drift.contributions(known.columns[each.column], values[each.column])
        for each in found.drifted
        if each.of == "input"
    }
    if not scores:
        return [(0.0, "")] * len(rows)
    each_row = zip(*scores.values(), strict=True)
    names = list(scores)
    return [(sum(row), names[row.index(max(row))] if max(row) > 0 else "") for row in each_row]
