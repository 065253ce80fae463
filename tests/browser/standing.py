"""Answers that are hard to bring about, made of the server's own records: they cannot drift."""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from labline.deployment import ApiKey, Comparison, InstanceStatus, Share
from labline.deployment.comparing import Change, Differences, Example
from labline.lab.shapes import (
    Answered,
    Decision,
    DeploymentState,
    EndpointDetail,
    EndpointMetrics,
    EndpointRow,
    Failure,
    JobDetail,
    LogPiece,
    Moment,
    PromotionDetail,
    PromotionRow,
)
from labline.promotion.evidence import Outcome, Verdict
from labline.records import Job, JobStatus, Release, ReleaseState
from labline.server.answers import plain

NAME = "churn"
#: as long as an endpoint's and a model's name can be
LONG = "customer-churn-within-the-next-ninety-days-gradient-boosting-v2"
URL = f"http://127.0.0.1:8490/{NAME}"
NOW = time.time()


def encoded(answer: Any) -> bytes:
    """Return an answer as the server writes it."""
    return orjson.dumps(answer, option=orjson.OPT_NON_STR_KEYS, default=plain)


def release(number: int, version: int, state: ReleaseState, **more: Any) -> Release:
    made = Release(
        number, NAME, f"churn:v{version}", f"churn/{version}", "python", state,
        NOW - 86_400 * (9 - number), "ada",
    )  # fmt: skip
    return replace(made, **more)


def instance(of: Release, number: int = 1, **more: Any) -> InstanceStatus:
    made = InstanceStatus(
        of.endpoint, of.id, number, of.model, of.bento, 40_000 + number, 4_000 + number,
        "ready", of.model, 0, True,
    )  # fmt: skip
    return replace(made, **more)


OLD = release(3, 1, ReleaseState.RETIRED)
LIVE = release(5, 2, ReleaseState.LIVE)
BAD = release(
    6, 3, ReleaseState.FAILED,
    reason="Release 6 of churn (churn/3) ended with exit code 1 before it was ready: "
    "ModuleNotFoundError: No module named 'lightgbm'",
)  # fmt: skip
ROW = EndpointRow(
    name=NAME, url=URL, model="churn/2", release=5, state="ready", serving="churn/2",
    previous="churn/1", stage="prod", registry="churn/2", agreement="agrees",
    says="prod is churn/2 in the registry, and that is served.", fix="",
    instances=(instance(LIVE), instance(LIVE, 2)), traffic=(Share(5, "churn/2", 100, 0),),
)  # fmt: skip
CURL = f"curl {URL}/predict"


def detail(row: EndpointRow = ROW, **more: Any) -> EndpointDetail:
    """Return one endpoint; `more` are parts of it that are otherwise."""
    made = EndpointDetail(
        endpoint=row, live=LIVE, previous=OLD, instances=row.instances, traffic=row.traffic,
        keys=(ApiKey("k1", NAME, NOW, NOW + 9e6, "ada", False),), releases=(LIVE, OLD),
        elsewhere=(), curl=CURL,
    )  # fmt: skip
    return replace(made, **more)


def metrics(
    shares: tuple[Share, ...] = ROW.traffic, *, per_second: float = 41.5
) -> EndpointMetrics:
    """Return how releases answered in the last five minutes."""

    def answered(share: Share, at: float, step: int) -> Answered:
        rate = per_second * (share.weight or 100) / 100 * (1 + 0.2 * (step % 7) / 7)
        busy = rate > 0
        return Answered(
            at=at, release=share.release, model=share.model, weight=share.weight,
            mirrored=share.mirrored > 0, requests=int(rate * 300), errors=step % 11 if busy else 0,
            error_rate=0.001 * (step % 11) if busy else 0.0, per_second=rate,
            p50_ms=2.4 if busy else None, p95_ms=5.0 + (step % 5) / 3 if busy else None,
            p99_ms=9.5 if busy else None,
        )  # fmt: skip

    history = [
        answered(share, NOW - 5 * (60 - step), step) for step in range(60) for share in shares
    ]
    now = tuple(answered(share, NOW, 4) for share in shares)
    return EndpointMetrics(NAME, NOW, 300, now, tuple(history))


def deployment(state: str, **more: Any) -> DeploymentState:
    made = DeploymentState("d1", "deployment", NAME, "churn/3", "ada", state, NOW - 90, url=URL)
    return replace(made, **more)


TRIAL = release(6, 3, ReleaseState.CANDIDATE, weight=25)
CANARY = (Share(5, "churn/2", 75, 0), Share(6, "churn/3", 25, 0))
SHADOW = (Share(5, "churn/2", 100, 0), Share(6, "churn/3", 0, 100))
COMPARED = Comparison(
    NAME, "churn/2", "churn/3", 1e-6, 500, 500, 488, 0.976, 0, 1,
    Differences(12, 0.013, 0.01, 0.21, 0.64, ()),
    (Change("stays", "leaves", 9), Change("leaves", "stays", 3)),
    (Example("req-1", 0, {"tenure": 3, "contract": "monthly"}, "stays", "leaves"),),
)  # fmt: skip
FAILED = Failure("BootFailed", BAD.reason, "The whole log: .labline/logs/release-6.log")

PROMOTION = PromotionRow(
    id="b1946ac92492d2347c6235b4d2611184", candidate="best:roc_auc", model="churn", version=3,
    run_id="r1", stage="prod", actor="ada", state="needs approval", asked=NOW - 600, dry_run=False,
)  # fmt: skip
VERDICTS = (
    Verdict("signature", Outcome.PASSED, "7 columns in, 1 out, as the champion's."),
    Verdict("metric", Outcome.PASSED, "roc_auc 0.912 is at least 0.9."),
    Verdict("approval", Outcome.NEEDS_APPROVAL, "1 of 1 missing.", "labline approve b1946ac9"),
)


def promotion(state: str = "needs approval", **more: Any) -> PromotionDetail:
    """Return one promotion; `more` are parts of it that are otherwise."""
    waits = state == "needs approval"
    made = PromotionDetail(
        promotion=replace(PROMOTION, state=state, progress=more.pop("progress", "")),
        verdicts=VERDICTS, approvals=(), champion="churn/2",
        metrics={"roc_auc": 0.912, "accuracy": 0.871},
        champion_metrics={"roc_auc": 0.904},
        timeline=(Moment(NOW - 600, "ada", "asked"),),
        decision=Decision(waits, waits, "", "", 1, 1),
    )  # fmt: skip
    return replace(made, **more)


JOB = Job(
    id="9f86d081884c7d659a2feaa0c55ad015", notebook="notebooks/train.ipynb",
    parameters={"alpha": 0.5, "name": "ridge"}, status=JobStatus.RUNNING, created=NOW - 60,
    started=NOW - 50, progress=(3, 8),
)  # fmt: skip


def job(status: str = "running", **more: Any) -> JobDetail:
    """Return one job; `more` are parts of the job, or `worker`."""
    worker = more.pop("worker", True)
    return JobDetail(replace(JOB, status=JobStatus(status), **more), worker=worker)


def log(text: str, *, ended: bool = False) -> LogPiece:
    return LogPiece(text, len(text), more=False, ended=ended)


def refusal(error: str, message: str, fix: str = "") -> Mapping[str, Any]:
    """Return an error as the server words it."""
    return {"error": error, "message": message, "fix": fix}
