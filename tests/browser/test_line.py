"""From a refused model to one that serves, in a real JupyterLab: what two people click."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, Request, expect
from tests.acceptance.test_line import DATA, FIT, LOG, PARAMETERS
from tests.browser.axe import assert_accessible
from tests.browser.palette import choose
from tests.browser.stories import LONG, policy
from tests.browser.test_smoke import (  # noqa: F401
    CHROMIUM,
    PATIENCE,
    JupyterLab,
    browser,
    clean_environment,
    free_port,
    page,
    screenshot,
    serving,
)
from tests.conftest import write_notebook

from labline.lab import Lab

BOB = """
from jupyter_server.auth import IdentityProvider, User

class People(IdentityProvider):
    async def _get_user(self, handler):
        return User("bob") if await super()._get_user(handler) else None

c.ServerApp.identity_provider_class = People
"""

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.timeout(900),
]


@contextmanager
def platform(root: Path) -> Iterator[None]:
    """Run a project's platform; whatever happens meanwhile, nothing of it is left."""
    labline(root, "up")
    try:
        yield
    finally:
        labline(root, "down")


def labline(root: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "labline", *arguments, "--json"],
        cwd=root,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{arguments}: {done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Provide a project with one good and one useless run, and its platform."""
    root = tmp_path_factory.mktemp("beasts")
    (root / "labline.toml").write_text(policy(free_port(), four_eyes=True))
    write_notebook(root / "train.ipynb", DATA, FIT, LOG, parameters=PARAMETERS)
    labline(root, "run", "train.ipynb", "--sweep", "alpha=0.1,1,1000")
    with platform(root):
        yield root


@pytest.fixture(scope="module")
def ada(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    with serving(tmp_path_factory.mktemp("ada"), project) as lab:
        yield lab


@pytest.fixture
def bob(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """Provide the JupyterLab of a second person, whom its identity provider knows."""
    home = tmp_path_factory.mktemp("bob")
    (home / "config").mkdir()
    (home / "config" / "jupyter_server_config.py").write_text(BOB)
    with serving(home, project) as lab:
        yield lab


def command(page: Page, name: str) -> Locator:  # noqa: F811
    """Choose a command in the palette, and return the dialog that it opens."""
    dialog = page.get_by_role("dialog")
    choose(page, name, dialog)
    return dialog


def state(page: Page) -> Locator:  # noqa: F811
    return page.locator(".jp-labline-view:visible .jp-labline-state")


def promote(page: Page, candidate: re.Pattern[str] | str, stage: str) -> None:  # noqa: F811
    dialog = command(page, "Promote a Model")
    choice = dialog.get_by_label("Candidate")
    option = choice.locator("option", has_text=candidate).first
    choice.select_option(option.get_attribute("value") or option.inner_text())
    dialog.get_by_label("Stage").select_option(stage)
    expect(dialog.get_by_text(re.compile(f"labline promote .* --to {stage}"))).to_be_visible()
    dialog.get_by_role("button", name="Promote", exact=True).click()
    expect(dialog).to_be_hidden()


def test_a_refused_model_is_told_why_and_a_better_one_takes_the_stage(
    page: Page,  # noqa: F811
    ada: JupyterLab,
) -> None:
    ada.set_theme("Light")
    page.goto(ada.fresh.replace("/lab?", "/lab/tree/train.ipynb?"))
    page.get_by_role("tab", name="Labline").wait_for()
    promote(page, re.compile("alpha=1000"), "staging")
    expect(state(page)).to_have_text("refused", timeout=LONG)
    verdict = page.locator(".jp-labline-verdicts li", has_text="metric").first
    expect(verdict).to_contain_text("failed")
    expect(verdict).to_contain_text("0.9")
    screenshot(page, "promotion-refused-light")
    assert_accessible(page, ".jp-labline-view")

    promote(page, re.compile("^the best r2$"), "staging")
    expect(state(page)).to_have_text("promoted", timeout=LONG)
    screenshot(page, "promotion-promoted-light")
    expect(page.get_by_role("tab", name="beasts/1 → staging")).to_be_visible()
    expect(page.get_by_text("asked; nothing held staging before.")).to_be_visible()
    assert Lab.from_(ada.root).version("beasts@staging").version == 1


def test_who_asks_does_not_approve_and_a_second_person_does(
    page: Page,  # noqa: F811
    browser: Browser,  # noqa: F811
    ada: JupyterLab,
    bob: JupyterLab,
) -> None:
    ada.set_theme("Dark")
    page.goto(ada.fresh)
    page.get_by_role("tab", name="Labline").wait_for()
    with page.expect_request(keeps_the_promotion):
        promote(page, "beasts@staging", "prod")
    page.goto("about:blank")  # the tab is closed in mid-promotion, and opened again
    page.goto(ada.url)
    expect(state(page)).to_have_text("needs approval", timeout=LONG)
    expect(page.get_by_role("button", name="Approve", exact=True)).to_be_disabled()
    expect(page.get_by_text("1 of 1 missing.")).to_be_visible()
    screenshot(page, "promotion-needs-approval-dark")
    assert_accessible(page, ".jp-labline-view")

    second = browser.new_page(viewport={"width": 1280, "height": 900})
    second.set_default_timeout(PATIENCE)
    second.goto(bob.fresh)
    second.get_by_role("tab", name="Labline").click()
    promotions = second.get_by_role("region", name="Promotions")
    expect(promotions.get_by_text("needs approval · asked by")).to_be_visible()
    screenshot(second, "sidebar-promotion-waits-light")
    promotions.get_by_role("button", name="beasts/1 → prod").click()
    late = browser.new_page(viewport={"width": 1280, "height": 900})
    late.set_default_timeout(PATIENCE)
    late.goto(bob.fresh)
    late.get_by_role("tab", name="Labline").click()
    late.get_by_role("button", name="beasts/1 → prod").click()
    expect(late.get_by_role("button", name="Approve", exact=True)).to_be_enabled()
    late.route("**/api/promotions/*", lambda route: route.abort())  # it hears of nothing more
    second.get_by_role("textbox", name="Comment").fill("seen with the vet")
    second.get_by_role("button", name="Approve", exact=True).click()
    expect(state(second)).to_have_text("promoted", timeout=LONG)
    late.get_by_role("button", name="Approve", exact=True).click()
    expect(late.get_by_text("does not wait for approval: it is promoted")).to_be_visible()
    screenshot(late, "promotion-decided-elsewhere-light")
    late.close()
    second.close()
    expect(state(page)).to_have_text("promoted", timeout=LONG)
    expect(page.locator(".jp-labline-timeline")).to_contain_text("bob")
    expect(page.locator(".jp-labline-timeline")).to_contain_text("seen with the vet")


def keeps_the_promotion(request: Request) -> bool:
    """Whether JupyterLab keeps in its workspace that the page of a promotion is open."""
    return request.method == "PUT" and "labline-open-promotion" in (request.post_data or "")


@pytest.fixture
def asking(project: Path) -> Iterator[None]:
    """Ask the endpoint all the time, as soon as it is there."""
    lab, over = Lab.from_(project), threading.Event()

    def ask() -> None:
        while not over.wait(0.05):
            with suppress(Exception), httpx.Client(timeout=10) as client:
                rows = lab.serving.example("beasts")
                headers = {"Authorization": f"Bearer {lab.endpoints.token('beasts')}"}
                while not over.wait(0.05):
                    url = f"{lab.serving.url('beasts')}/predict"
                    client.post(url, json={"rows": rows}, headers=headers)

    thread = threading.Thread(target=ask)
    thread.start()
    yield
    over.set()
    thread.join()


def test_a_model_is_deployed_tried_as_a_canary_and_rolled_back(
    page: Page,  # noqa: F811
    browser: Browser,  # noqa: F811
    ada: JupyterLab,
    asking: None,
) -> None:
    ada.set_theme("Light")
    page.goto(ada.fresh)
    page.get_by_role("tab", name="Labline").wait_for()
    dialog = command(page, "Deploy a Model")
    dialog.get_by_label("Model").select_option("beasts@prod")
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    expect(state(page)).to_have_text("ready", timeout=LONG)
    expect(page.get_by_text("prod is beasts/1 in the registry, and that is served")).to_be_visible()
    charts = page.locator(".jp-labline-live")
    expect(charts.get_by_role("row").filter(has_text=re.compile(r"beasts/1[1-9]"))).to_be_visible()
    assert_accessible(page, ".jp-labline-view")

    lab = Lab.from_(ada.root)
    other = next(run.id for run in lab.runs() if run.name.endswith("alpha=1.0"))
    assert lab.promote(other, to="staging").version == 2
    dialog = command(page, "Deploy a Model")
    dialog.get_by_label("Model").select_option("beasts@staging")
    share = dialog.get_by_role("slider")
    expect(share).to_have_value("100")
    expect(dialog.get_by_text("All of it")).to_be_visible()
    share.fill("25")
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_role("button", name="Let beasts/2 take over")).to_be_visible(timeout=LONG)
    expect(charts.get_by_role("row").filter(has_text=re.compile(r"beasts/2[1-9]"))).to_be_visible()
    page.wait_for_timeout(3_000)  # for the charts' sake
    screenshot(page, "endpoint-canary-light")

    page.get_by_role("button", name="Let beasts/2 take over").click()
    live = page.locator(".jp-labline-realFacts dd").nth(1)
    expect(live).to_have_text("beasts/2", timeout=LONG)
    other = browser.new_page(viewport={"width": 1280, "height": 900})
    other.set_default_timeout(PATIENCE)
    other.goto(ada.fresh)
    other.get_by_role("tab", name="Labline").click()
    other.get_by_role("region", name="Endpoints").get_by_role("button", name="beasts").first.click()
    other.get_by_role("button", name="Roll back…").click()
    page.get_by_role("button", name="Roll back…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("beasts/1 is started and proven first")
    dialog.get_by_role("button", name="Roll back", exact=True).click()
    expect(live).to_have_text("beasts/1", timeout=LONG)
    expect(page.get_by_text("asked for a rollback to beasts/1 · ")).to_be_visible()
    expect(page.get_by_text("Nothing older than beasts/1 is left to go back to.")).to_be_visible()
    screenshot(page, "endpoint-rolled-back-light")

    dialog = other.get_by_role("dialog")
    dialog.get_by_role("button", name="Roll back", exact=True).click()
    expect(dialog.get_by_text("Nothing was changed.")).to_be_visible()
    screenshot(other, "endpoint-rolled-back-elsewhere-light")
    other.close()


def test_what_an_endpoint_was_asked_is_looked_at_in_its_page(
    page: Page,  # noqa: F811
    ada: JupyterLab,
) -> None:
    page.goto(ada.fresh)
    page.get_by_role("tab", name="Labline").click()
    endpoints = page.get_by_role("region", name="Endpoints")
    endpoints.get_by_role("button", name="beasts").first.click()
    part = page.locator(".jp-labline-drift:visible")
    expect(part.get_by_text("Nobody looks by the clock.")).to_be_visible()
    part.get_by_role("button", name="Look Now").click()
    # It was asked the same row again and again.
    expect(part.get_by_text(re.compile(r"\d of \d columns drifted from"))).to_be_visible()
    expect(part.get_by_text("now and not kept")).to_be_visible()
    rows = part.get_by_role("region", name=re.compile("Drift of")).locator("tbody > tr")
    expect(rows.first).to_contain_text("drifted")
    part.get_by_role("button", name="column").click()
    expect(rows.first).to_contain_text("age")
    part.get_by_role("heading", name="Drift").evaluate("node => node.scrollIntoView()")
    screenshot(page, "endpoint-drift-light")
    assert_accessible(page, ".jp-labline-drift")

    # A look that is kept is told of by an event.
    assert Lab.from_(ada.root).monitor.check("beasts").alarms == ("drift",)
    expect(part.get_by_text("1 look", exact=True)).to_be_visible()
    expect(part.get_by_text("by hand, back for 24 h")).to_be_visible()
