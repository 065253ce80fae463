"""What the gallery shows: every view as it stands at one moment."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from tests.browser import filled
from tests.browser import standing as st
from tests.browser import watched as wa

from labline.deployment import Share
from labline.lab.shapes import Prediction

VIEW = ".jp-labline-view:visible"
JOB = ".jp-labline-job:visible"
PANEL = "#labline-sidebar"
DIALOG = ".jp-Dialog-content"


class Held:
    """The server takes its time."""


class Missing:
    """The server has no labline: it says so itself."""


class Stranger:
    """The server does not know who asks: it says so itself."""


class Away:
    """There is no server."""


@dataclass(frozen=True)
class Refusal:
    """The server's own words, for what is hard to bring about."""

    status: int
    error: str
    message: str
    fix: str = ""


@dataclass(frozen=True)
class State:
    """A view as it stands at one moment."""

    name: str
    #: command that shows it, and its arguments
    command: str
    args: dict[str, Any]
    #: what is to be seen
    says: str
    #: path of the API -> what is answered; what is not named goes to the server
    answers: dict[str, Any] = field(default_factory=dict)
    #: where
    part: str = VIEW
    #: what is clicked then
    click: tuple[str, ...] = ()
    #: what is scrolled to
    below: str = ""

    def __str__(self) -> str:
        return self.name


def endpoint(name: str, says: str, answers: dict[str, Any], **more: Any) -> State:
    usual = {
        "deployments": [],
        "endpoints/churn/metrics": st.metrics(),
        "endpoints/churn/monitor": wa.CALM,
        "endpoints/churn/comparison": st.COMPARED,
    }
    args = {"name": "churn"}
    return State(f"endpoint-{name}", "labline:open-endpoint", args, says, usual | answers, **more)


def one_endpoint(**more: Any) -> dict[str, Any]:
    """Return the answer for an endpoint of which parts are otherwise: of its row, or its own."""
    own = {key: more.pop(key) for key in ("live", "previous", "releases") if key in more}
    row = replace(st.ROW, **more)
    return {"endpoints/churn": st.detail(row, **own)}


def drift(name: str, says: str, answer: Any, **more: Any) -> State:
    answers = {**one_endpoint(), "endpoints/churn/monitor": answer, **more.pop("answers", {})}
    return endpoint(f"drift-{name}", says, answers, below="Drift", **more)


def promotion(name: str, says: str, answer: Any, **more: Any) -> State:
    id = st.PROMOTION.id
    answers = {f"promotions/{id}": answer}
    return State(f"promotion-{name}", "labline:open-promotion", {"id": id}, says, answers, **more)


def job(name: str, says: str, answer: Any, log: Any = None, **more: Any) -> State:
    id = st.JOB.id
    answers = {f"jobs/{id}": answer, f"jobs/{id}/log": log or st.log("")}
    return State(f"job-{name}", "labline:open-job", {"id": id}, says, answers, JOB, **more)


def comparison(name: str, says: str, answer: Any) -> State:
    args = {"ids": ["1" * 32, "2" * 32]}
    return State(f"comparison-{name}", "labline:compare-runs", args, says, {"runs/compare": answer})


def schedules(name: str, says: str, answer: Any) -> State:
    return State(f"schedules-{name}", "labline:open-schedules", {}, says, {"schedules": answer})


def panel(name: str, says: str, answers: dict[str, Any]) -> State:
    return State(f"sidebar-{name}", "labline:refresh", {}, says, answers, PANEL)


def dialog(name: str, command: str, says: str, answers: dict[str, Any], **args: Any) -> State:
    return State(f"dialog-{name}", command, args, says, answers, DIALOG)


NO_MLFLOW = Refusal(
    503, "Unreachable", "MLflow at http://mlflow.example:5000 does not answer.",
    "Is it running? `labline status` says where it is looked for.",
)  # fmt: skip
NOBODY = "The Jupyter server does not let this page in."
NO_SERVER = "The Jupyter server does not answer."
NO_LABLINE = "The server part of labline is missing."

down = tuple(
    st.instance(st.LIVE, number, state="down", serving=None, pid=None, healthy=None)
    for number in (1, 2)
)
crashing = (
    st.instance(st.LIVE, state="crash loop", serving=None, pid=None, restarts=7, healthy=False),
)
failed = (st.BAD, st.LIVE, st.OLD)
trial = (st.instance(st.LIVE), st.instance(st.TRIAL))
long_live = replace(st.LIVE, model=f"{st.LONG}/2")
long_trial = replace(st.TRIAL, model=f"{st.LONG}/3")
LONG_SHARES = (Share(5, f"{st.LONG}/2", 75, 0), Share(6, f"{st.LONG}/3", 25, 0))
ENDPOINTS = (
    endpoint("loading", "Looking for the endpoint…", {"endpoints/churn": Held}),
    endpoint("unknown", "There is no endpoint", {}),
    endpoint("missing", NO_LABLINE, {"endpoints/churn": Missing}),
    endpoint("stranger", NOBODY, {"endpoints/churn": Stranger}),
    endpoint("away", NO_SERVER, {"endpoints/churn": Away}),
    endpoint("agrees", "prod is churn/2 in the registry, and that is served.", one_endpoint()),
    endpoint("no-traffic", "Nobody has asked it", {
        **one_endpoint(), "endpoints/churn/metrics": st.metrics(per_second=0)}),
    endpoint("differs", "Promote churn/2…", one_endpoint(
        registry="churn/3", agreement="differs",
        says="prod is churn/3 in the registry; the endpoint serves churn/2.")),
    endpoint("mlflow-away", "the registry does not answer", one_endpoint(
        registry=None, agreement="unknown",
        says="It serves churn/2, as recorded; the registry does not answer.")),
    endpoint("down", "Nothing of it runs", one_endpoint(
        state="down", serving=None, agreement="silent", instances=down,
        says="No instance answers; recorded is churn/2.")),
    endpoint("crash-loop", "It ends again and again", one_endpoint(
        state="crash loop", serving=None, agreement="silent", instances=crashing,
        says="No instance answers; recorded is churn/2.")),
    endpoint("empty", "Nothing is live.", one_endpoint(
        state="empty", model=None, release=None, serving=None, previous=None, registry=None,
        agreement="empty", says="Nothing is live.", instances=(), traffic=(), live=None,
        releases=())),
    endpoint("under-way", "starting it behind /churn", {
        **one_endpoint(), "deployments": [
            st.deployment("running", progress="starting it behind /churn")]}),
    endpoint("failed-release", "churn/2 stays live.", {
        **one_endpoint(releases=failed),
        "deployments": [st.deployment("failed", failure=st.FAILED)]}),
    endpoint("canary-long-names", "Candidate’s share", {
        **one_endpoint(
            model=f"{st.LONG}/2", serving=f"{st.LONG}/2", registry=f"{st.LONG}/3",
            agreement="on trial", traffic=LONG_SHARES,
            says=f"prod is {st.LONG}/3 in the registry, which is on trial with 25 % of the "
            f"requests; {st.LONG}/2 is live.",
            instances=tuple(st.instance(each) for each in (long_live, long_trial)),
            live=long_live, releases=(long_trial, long_live)),
        "endpoints/churn/metrics": st.metrics(LONG_SHARES)}),
    endpoint("shadow", "12 of 500 predictions differ (2.4 %).", {
        **one_endpoint(
            traffic=st.SHADOW, instances=trial, agreement="on trial", registry="churn/3",
            says="prod is churn/3 in the registry, which is on trial with copies of the "
            "requests; churn/2 is live.",
            releases=(st.TRIAL, st.LIVE, st.OLD)),
        "endpoints/churn/metrics": st.metrics(st.SHADOW)}),
    endpoint("asked", "Answered in 3.2 ms", {
        **one_endpoint(),
        "endpoints/churn/keys": {"endpoint": "churn", "key": "eyJhbGciOiJFZERTQSJ9.secret"},
        "endpoints/churn/predict": Prediction(
            ({"tenure": 3, "contract": "monthly"},), {"predictions": ["stays"]}, 3.2)},
        click=("Issue a Key", "Send the Example")),
    endpoint("releases", "a rollback brings it back", one_endpoint(releases=failed),
             below="Releases"),
    replace(endpoint("roll-back", "labline rollback churn", one_endpoint(),
                     click=("Roll back…",)), part=DIALOG),
    replace(endpoint("abort", "labline traffic abort churn", one_endpoint(
        traffic=st.CANARY, instances=trial, agreement="on trial", registry="churn/3",
        says="prod is churn/3."), click=("Abort…",)), part=DIALOG),
)  # fmt: skip
LOOKED = {
    "endpoints/churn/drift": replace(wa.DRIFTED, at=st.NOW),
    "endpoints/churn/labels": wa.DROPPED,
}
DRIFTS = (
    drift("loading", "Asking what looks have found…", Held),
    drift("away", NO_SERVER, Away),
    drift("log-off", "The prediction log is off", wa.monitored(capture=0.0, every=None)),
    drift("no-look", "a worker looks every 1 h", wa.monitored()),
    drift("nobody-looks", "Nobody looks by the clock.", wa.monitored(every=None)),
    drift("stable", "are like the 9000 rows of X_train", wa.CALM),
    drift("drifted", "2 of 5 columns drifted", wa.FOUND),
    drift("wide", "mean_of_sensor_0_over", wa.monitored(wa.look(wa.MANY))),
    drift("few-rows", "fewer than 200 tell nothing", wa.monitored(wa.look(wa.FEW))),
    drift("no-rows", "Was it deployed before", wa.monitored(wa.look(wa.NOTHING))),
    drift("no-reference", "%log --model model", wa.monitored(wa.look(wa.BARE))),
    drift("failed", "The last look failed by this.", wa.monitored(
        wa.look(wa.STEADY), failure=wa.BROKEN)),
    drift("retrained", "waits for somebody’s yes", replace(wa.FOUND, renewal=wa.RENEWAL)),
    drift("looked", "now and not kept", wa.CALM, click=("Look Now",), answers=LOOKED),
    drift("look-refused", "does not answer", wa.CALM, click=("Look Now",), answers={
        "endpoints/churn/drift": NO_MLFLOW, "endpoints/churn/labels": NO_MLFLOW}),
)  # fmt: skip
PROMOTIONS = (
    promotion("loading", "Opening the promotion…", Held),
    promotion("unknown", "There is no promotion", None),
    promotion("missing", NO_LABLINE, Missing),
    promotion("stranger", NOBODY, Stranger),
    promotion("away", NO_SERVER, Away),
    promotion("mlflow-away", "does not answer", NO_MLFLOW),
    promotion("under-way", "running the notebook again", st.promotion(
        "running", progress="running the notebook again", verdicts=())),
    promotion("waits", "1 of 1 missing.", st.promotion()),
    promotion("failed", "No module named", st.promotion("failed", verdicts=(), failure=st.FAILED)),
)  # fmt: skip
TRACE = "epoch 1: loss 0.61\nepoch 2: loss 0.48\n"
JOBS = (
    job("loading", "Looking for the job…", Held),
    job("unknown", "There is no job", None),
    job("missing", NO_LABLINE, Missing),
    job("stranger", NOBODY, Stranger),
    job("waits-for-nobody", "Nobody is there to run it", st.job(
        "queued", started=None, progress=(0, 0), worker=False)),
    job("running", "epoch 2", st.job(), st.log(TRACE)),
    job("failed", "KeyError", st.job(
        "failed", ended=st.NOW, error="Cell 4 raised KeyError: 'tenure'"),
        st.log(TRACE, ended=True)),
)  # fmt: skip
COMPARISONS = (
    comparison("loading", "Laying the runs side by side…", Held),
    comparison("unknown", "There is no run", None),
    comparison("missing", NO_LABLINE, Missing),
    comparison("stranger", NOBODY, Stranger),
    comparison("mlflow-away", "does not answer", NO_MLFLOW),
)
PANELS = (
    panel("loading", "Opening the project…", {"status": Held}),
    panel("missing", "pip install labline", {"status": Missing}),
    panel("stranger", "Reload the page to sign in again.", {"status": Stranger}),
    panel("away", NO_SERVER, {"status": Away}),
    panel("no-project", "No project here yet", {"status": Refusal(
        404, "NoProject", "There is no labline.toml in /home/ada/churn or above it.")}),
    panel("policy-broken", "labline.toml:2", {"status": Refusal(
        400, "BadPolicy", "labline.toml:2: unknown key 'naem' in [project].",
        "Did you mean `name`?")}),
    panel("empty", "No run is recorded yet", {}),
)  # fmt: skip
DIALOGS = (
    dialog("promote-nothing", "labline:promote", "No run has logged a model yet", {}),
    dialog("deploy-nothing", "labline:deploy", "There is no model yet.", {}),
    dialog("promote", "labline:promote", "labline promote best:roc_auc --to prod", filled.OFFERED),
    dialog("deploy", "labline:deploy", "labline deploy churn@prod", filled.OFFERED),
    dialog(
        "versions",
        "labline:compare-versions",
        "Two versions of labline",
        {"version": filled.VERSIONS},
        kernel="0.0.9",
    ),
)
SCHEDULES = (
    schedules("loading", "Looking for schedules…", Held),
    schedules("empty", "labline schedules add", []),
    schedules("several", "There is no notebook", filled.SCHEDULES),
    schedules("away", NO_SERVER, Away),
)
STATES = (*PANELS, *ENDPOINTS, *DRIFTS, *PROMOTIONS, *JOBS, *COMPARISONS, *SCHEDULES, *DIALOGS)
