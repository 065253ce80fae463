"""Every view in every state, light and dark: what it says, what axe finds, and a picture."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Error, Page, Route, expect
from tests.browser import standing as st
from tests.browser.axe import assert_accessible
from tests.browser.test_smoke import (  # noqa: F401
    CHROMIUM,
    PATIENCE,
    SCREENSHOTS,
    JupyterLab,
    browser,
    serving,
)

from labline.deployment import Share
from labline.lab.shapes import Prediction
from labline.records import ReleaseState

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
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
        "endpoints/churn/comparison": st.COMPARED,
    }
    args = {"name": "churn"}
    return State(f"endpoint-{name}", "labline:open-endpoint", args, says, usual | answers, **more)


def one_endpoint(**more: Any) -> dict[str, Any]:
    """Return the answer for an endpoint of which parts are otherwise: of its row, or its own."""
    own = {key: more.pop(key) for key in ("live", "previous", "releases") if key in more}
    row = replace(st.ROW, **more)
    return {"endpoints/churn": st.detail(row, **own)}


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
)
STATES = (*PANELS, *ENDPOINTS, *PROMOTIONS, *JOBS, *COMPARISONS, *DIALOGS)


@dataclass
class Stage:
    """A page whose server answers as the state says."""

    page: Page
    theme: str
    url: str
    answers: dict[str, Any] = field(default_factory=dict)
    held: list[Route] = field(default_factory=list)

    def answer(self, route: Route) -> None:
        path = urlsplit(route.request.url).path.partition("/labline/api/")[2]
        match self.answers.get(path):
            case None:
                route.continue_()
            case cls if cls is Held:
                self.held.append(route)
            case cls if cls is Away:
                route.abort()
            case cls if cls is Missing:
                route.continue_(url=route.request.url.replace("/labline/api/", "/no/where/"))
            case cls if cls is Stranger:
                self._refuse(route)
            case Refusal(status, error, message, fix):
                body = st.refusal(error, message, fix)
                route.fulfill(status=status, body=st.encoded(body), content_type="application/json")
            case answer:
                route.fulfill(body=st.encoded(answer), content_type="application/json")

    def _refuse(self, route: Route) -> None:
        """Pass on what the server says to somebody without token and cookie."""
        with pytest.raises(HTTPError) as refused:
            urlopen(route.request.url.replace("localhost", "127.0.0.1"))
        with refused.value as answer:
            route.fulfill(
                status=answer.status,
                body=answer.read(),
                content_type=answer.headers["Content-Type"],
            )

    def show(self, state: State) -> None:
        self.answers = state.answers
        self.page.evaluate(
            "([command, args]) => { void window.jupyterapp.commands.execute(command, args) }",
            [state.command, state.args],
        )
        for name in state.click:
            button = self.page.locator(VIEW).get_by_role("button", name=name, exact=True)
            button.click()
            expect(button.and_(self.page.locator(":disabled"))).to_have_count(0)

    def clear(self) -> None:
        """Close what a state has opened, and end what waits for an answer."""
        self.answers = {}
        while self.held:
            self.held.pop().abort()
        if self.page.locator(DIALOG).count():
            self.page.keyboard.press("Escape")
            expect(self.page.locator(DIALOG)).to_have_count(0)
        self.page.evaluate(
            "() => [...window.jupyterapp.shell.widgets('main')]"
            ".filter(one => one.id.startsWith('labline-')).forEach(one => one.close())"
        )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    home = tmp_path_factory.mktemp("states")
    root = home / "churn"
    root.mkdir()
    (root / "labline.toml").write_text('[project]\nname = "churn"\n[stages.prod]\n')
    with serving(home, root, "--LabApp.expose_app_in_browser=True") as running:
        yield running


@pytest.fixture(scope="module", params=["Light", "Dark"])
def stage(
    request: pytest.FixtureRequest,
    browser: Browser,  # noqa: F811
    lab: JupyterLab,
) -> Iterator[Stage]:
    lab.set_theme(request.param)
    page = browser.new_page(viewport={"width": 1180, "height": 1000})
    page.set_default_timeout(PATIENCE)
    made = Stage(page, request.param.lower(), lab.url, {"status": Held})
    page.route("**/labline/api/**", made.answer)
    page.goto(lab.fresh)
    page.get_by_role("tab", name="Labline").click()
    yield made
    with suppress(Error):
        page.unroute_all(behavior="ignoreErrors")
    page.close()


@pytest.mark.parametrize("state", STATES, ids=str)
def test_a_view_tells_how_it_stands_and_axe_finds_nothing(state: State, stage: Stage) -> None:
    page = stage.page
    try:
        stage.show(state)
        part = page.locator(state.part)
        expect(part.get_by_text(state.says).first).to_be_visible()
        if state.below:
            heading = page.locator(VIEW).get_by_role("heading", name=state.below)
            heading.scroll_into_view_if_needed()
        assert_accessible(page, state.part.removesuffix(":visible"))
    finally:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        picture = SCREENSHOTS / f"state-{state.name}-{stage.theme}.png"
        page.screenshot(path=picture, animations="disabled")
        stage.clear()


def test_every_release_state_is_one_that_the_page_can_show() -> None:
    assert {each.state for each in (st.OLD, st.LIVE, st.BAD, st.TRIAL)} <= set(ReleaseState)
