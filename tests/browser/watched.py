"""What looks at an endpoint found, made of the server's own records: they cannot drift."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.browser.standing import NAME, NOW

from labline.lab.shapes import Failure, Glance, Monitored, Renewal, Trail
from labline.monitoring.look import Look, decide
from labline.monitoring.realised import Kept, Realised, RealisedReport
from labline.monitoring.report import Bin, ColumnDrift, DriftReport, Outcome

MODEL = "churn/2"
REFERENCE = "the 9000 rows of X_train"
MORE = (
    "See the rows: %prod rows churn --drifted. If the world has changed, train on newer rows; else "
    "find what changed before the requests."
)
LOG_AGAIN = (
    "Log the model with what it was fitted on: "
    "%log --model model --data X_test,y_test --train X_train,y_train"
)


def column(name: str, value: float, limit: float = 0.2, of: str = "input") -> ColumnDrift:
    outcome = Outcome.DRIFTED if value > limit else Outcome.STABLE
    says = f"{name}: PSI {value:.3g}, the limit is {limit:.3g}"
    moved = Bin("> 72", 0.1, min(0.9, 0.1 + value / 2))
    return ColumnDrift(name, of, outcome, says, value, limit, (moved,))


def unjudged(name: str, why: str = "too many different words to compare") -> ColumnDrift:
    return ColumnDrift(name, "input", Outcome.NOT_JUDGED, f"{name}: {why}")


COLUMNS = (
    column("tenure", 1.31),
    column("prediction", 0.27, of="prediction"),
    column("monthly_charges", 0.11),
    column("contract", 0.031),
    column("visits", 0.0042, 0.31),
    unjudged("customer_note"),
    unjudged("signed_up", "times only go forward"),
)
WIDE = tuple(
    column(
        f"mean_of_sensor_{n}_over_the_last_ninety_days_in_kilopascal",
        40 / (n + 1) ** 2,
    )
    for n in range(200)
)


def report(outcome: Outcome = Outcome.STABLE, **more: Any) -> DriftReport:
    made = DriftReport(
        endpoint=NAME, model=MODEL, at=NOW - 900, since=NOW - 900 - 86_400, until=NOW - 900,
        outcome=outcome, says="", fix="", requests=2412, rows=2412, reference=REFERENCE, test="psi",
    )  # fmt: skip
    return replace(made, **more)


STEADY = report(
    says="The 2412 rows of the last 24 hours are like the 9000 rows of X_train; the furthest: "
    "monthly_charges: PSI 0.11, the limit is 0.2.",
    columns=COLUMNS[2:],
)
DRIFTED = report(
    Outcome.DRIFTED,
    says="2 of 5 columns drifted from the 9000 rows of X_train: tenure, prediction. tenure: PSI "
    "1.31, the limit is 0.2.",
    fix=MORE, columns=COLUMNS,
)  # fmt: skip
MANY = replace(DRIFTED, columns=WIDE)
FEW = report(
    Outcome.NOT_JUDGED, requests=31, rows=31, columns=(),
    says="churn/2 was asked 31 rows in the last 24 hours; fewer than 200 tell nothing.",
    fix="Look further back (labline drift churn --last 7d), or lower rows under [monitor.drift].",
)  # fmt: skip
NOTHING = replace(
    FEW, requests=0, rows=0,
    says="churn/2 was asked no rows in the last 24 hours; fewer than 200 tell nothing.",
)  # fmt: skip
BARE = report(
    Outcome.NOT_JUDGED, reference="", fix=LOG_AGAIN,
    says="The run of churn/2 keeps nothing of its training set to hold this against.",
)  # fmt: skip


def labels(outcome: Kept = Kept.NOT_JUDGED, **more: Any) -> RealisedReport:
    made = RealisedReport(NAME, MODEL, NOW - 900, 0, 0, outcome, "", "")
    return replace(made, **more)


DROPPED = labels(
    Kept.DROPPED, labels=412, joined=412, fix="Train on newer rows.",
    says="By 412 labels, accuracy is 0.71 [0.66, 0.75], in the run 0.87.",
    metrics=(
        Realised("accuracy", 0.871, 0.71, 0.66, 0.75, Kept.DROPPED, "accuracy is 0.71"),
        Realised("recall", 0.64, 0.62, 0.55, 0.68, Kept.HELD, "recall is 0.62"),
    ),
    remarks=("roc_auc needs probabilities: ask for /predict_proba too.",),
)  # fmt: skip


def look(drift: DriftReport, realised: RealisedReport | None = None, by: str = "clock") -> Look:
    return replace(decide(drift, realised or labels()), by=by)


def glances(*states: str) -> tuple[Glance, ...]:
    """Return looks that were an hour apart, the newest first."""
    return tuple(
        Glance(NOW - 900 - 3600 * n, MODEL, "hand" if n == 2 else "clock", state,
               "1 of 5 columns drifted: tenure." if state == "drift" else "All as in training.")
        for n, state in enumerate(states)
    )  # fmt: skip


HISTORY = glances(*["drift"] * 4, "not judged", *["fine"] * 9)
TRAILS = tuple(
    Trail(each.column, each.of, tuple(
        None if n == 4 else each.value / each.limit * (0.97**n if n < 4 else 0.1 + n % 3 / 12)
        for n in range(len(HISTORY))))
    for each in COLUMNS if each.value and each.limit
)  # fmt: skip


def monitored(found: Look | None = None, **more: Any) -> Monitored:
    """Return how an endpoint is watched; `more` are parts of it that are otherwise."""
    made = Monitored(
        endpoint=NAME, model=MODEL, capture=1.0, every=3600.0, window=86_400.0, look=found,
        history=(), trails=(), failure=None, renewal=None,
    )  # fmt: skip
    return replace(made, **more)


CALM = monitored(look(STEADY), history=glances("fine", "fine", "fine"))
FOUND = monitored(look(DRIFTED, DROPPED), history=HISTORY, trails=TRAILS)
RENEWAL = Renewal(
    "retrain-churn/1", NOW - 7200, "drift", "labline", "needs approval", "j1", "p1", "staging"
)
BROKEN = Failure(
    "BadSettings", "[monitor.drift] features names 'tenrue', which is no input of the model.",
    "Did you mean `tenure`?",
)  # fmt: skip
