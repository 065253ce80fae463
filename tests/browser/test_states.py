"""Every view in every state, light and dark: what it says, what axe finds, and a picture."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, Error, Page, Route, expect
from tests.browser import standing as st
from tests.browser.axe import assert_accessible
from tests.browser.gallery import (
    DIALOG,
    STATES,
    VIEW,
    Away,
    Held,
    Missing,
    Refusal,
    State,
    Stranger,
)
from tests.browser.test_smoke import (  # noqa: F401
    CHROMIUM,
    PATIENCE,
    SCREENSHOTS,
    JupyterLab,
    browser,
    serving,
)

from labline.records import ReleaseState

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


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
            heading.evaluate("node => node.scrollIntoView()")
        assert_accessible(page, state.part.removesuffix(":visible"))
    finally:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        picture = SCREENSHOTS / f"state-{state.name}-{stage.theme}.png"
        page.screenshot(path=picture, animations="disabled")
        stage.clear()


def test_of_hundreds_of_columns_only_the_rows_that_are_seen_are_made(stage: Stage) -> None:
    page = stage.page
    try:
        stage.show(next(each for each in STATES if each.name == "endpoint-drift-wide"))
        table = page.locator(VIEW).get_by_role("region", name="Drift of 200 columns")
        rows = table.locator("tbody > tr[aria-rowindex]")
        expect(rows.first).to_contain_text("mean_of_sensor_0_over")
        table.focus()
        page.keyboard.press("End")
        expect(rows.last).to_have_attribute("aria-rowindex", "201")
        expect(rows.last).to_be_in_viewport()
        assert rows.count() < 40
        table.get_by_role("button", name="column").click()
        page.keyboard.press("Enter")
        expect(table.get_by_role("columnheader", name="column")).to_have_attribute(
            "aria-sort", "descending"
        )
        table.evaluate("node => node.scrollTo(0, 0)")
        expect(rows.first).to_contain_text("mean_of_sensor_199_over")
    finally:
        stage.clear()


def test_every_release_state_is_one_that_the_page_can_show() -> None:
    assert {each.state for each in (st.OLD, st.LIVE, st.BAD, st.TRIAL)} <= set(ReleaseState)
