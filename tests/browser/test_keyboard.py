"""The whole line by keys alone: nothing on the way needs a mouse."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Error, Locator, Page, expect
from tests.acceptance.test_line import DATA, FIT, LOG, PARAMETERS
from tests.browser.test_line import LONG, labline, state
from tests.browser.test_smoke import (  # noqa: F401
    CHROMIUM,
    JupyterLab,
    browser,
    free_port,
    page,
    screenshot,
    serving,
)
from tests.conftest import write_notebook

from labline.lab import Lab

POLICY = """
[project]
name = "beasts"

[gateway]
port = {port}

[stages.staging]
gates = ["signature", "metric"]
metric = {{ name = "r2", min = 0.9 }}

[stages.prod]
after = "staging"
gates = ["signature"]
approvals = {{ required = 1, four_eyes = false }}
"""
MOST_STOPS = 80
#: what says of the focused element that it is seen: an outline or a shadow
SEEN = """() => {
  const there = document.activeElement;
  const seen = node => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(node);
    return (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
  };
  return there !== null && there !== document.body && (seen(there) || seen(there.parentElement));
}"""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """Provide a JupyterLab over a project with a sweep and its platform."""
    root = tmp_path_factory.mktemp("beasts")
    (root / "labline.toml").write_text(POLICY.format(port=free_port()))
    write_notebook(root / "train.ipynb", DATA, FIT, LOG, parameters=PARAMETERS)
    labline(root, "run", "train.ipynb", "--sweep", "alpha=0.1,1,1000")
    labline(root, "up")
    with serving(tmp_path_factory.mktemp("ada"), root) as lab:
        yield lab
    labline(root, "down")


def choose_in_palette(page: Page, name: str) -> None:  # noqa: F811
    """Run a command as one without a mouse does."""
    palette = page.get_by_role("searchbox", name="Command Palette Section").or_(
        page.get_by_placeholder("SEARCH", exact=True)
    )
    found = page.locator(".lm-CommandPalette-item.lm-mod-active", has_text=name)
    while not found.is_visible():
        if palette.is_visible():
            palette.fill(name)
        else:  # a page that is not ready yet lets the keys pass
            page.keyboard.press("Control+Shift+C")
        page.wait_for_timeout(500)
    page.keyboard.press("Enter")


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:  # noqa: F811
    """Press Tab until something is focused; at each stop the focus is seen, and moves on."""
    before = None
    for _ in range(MOST_STOPS):
        page.keyboard.press(key)
        here = page.evaluate_handle("document.activeElement")
        outline = page.evaluate("document.activeElement.outerHTML.slice(0, 300)")
        assert page.evaluate(SEEN), outline
        assert before is None or page.evaluate("([a, b]) => a !== b", [before, here]), outline
        if wanted.count() == 1 and wanted.evaluate("node => node === document.activeElement"):
            return
        before = here
    pytest.fail(f"Tab does not reach {wanted}")


def press(page: Page, button: Locator) -> None:  # noqa: F811
    tab_to(page, button)
    page.keyboard.press("Enter")


def expect_focus_in(page: Page, part: str) -> None:  # noqa: F811
    """Wait until the focus is in a part of the page, or on it."""
    try:
        page.wait_for_function("part => !!document.activeElement.closest(part)", arg=part)
    except Error as error:
        outline = page.evaluate("document.activeElement.outerHTML.slice(0, 300)")
        raise AssertionError(f"not in {part}: {outline}") from error


def test_runs_are_found_and_compared_by_keys(page: Page, ada: JupyterLab) -> None:  # noqa: F811
    page.goto(ada.fresh)
    choose_in_palette(page, "Show Labline")
    panel = page.get_by_role("region", name="Labline", exact=True)
    expect(panel).to_be_focused()
    runs = panel.get_by_role("region", name="Runs")
    expect(runs.get_by_role("checkbox")).to_have_count(4)
    tab_to(page, panel.get_by_role("searchbox", name="Filter runs"))
    page.keyboard.type("train alpha")
    expect(runs.get_by_role("checkbox")).to_have_count(3)
    for box in (runs.get_by_role("checkbox").nth(0), runs.get_by_role("checkbox").nth(1)):
        tab_to(page, box)
        page.keyboard.press("Space")
        expect(box).to_be_checked()
    tab_to(page, runs.get_by_role("button", name="Compare"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(
        page.get_by_role("columnheader", name="r2").or_(page.get_by_text("r2")).first
    ).to_be_visible()
    expect_focus_in(page, ".jp-labline-view")
    screenshot(page, "keyboard-compared")


def test_a_notebook_is_run_as_a_job_by_keys(page: Page, ada: JupyterLab) -> None:  # noqa: F811
    page.goto(ada.fresh.replace("/lab?", "/lab/tree/train.ipynb?"))
    expect(page.get_by_role("button", name="Run this notebook as a job")).to_be_enabled()
    choose_in_palette(page, "Run as Job")
    dialog = page.get_by_role("dialog")
    alpha = dialog.get_by_role("textbox", name="alpha")
    expect(alpha).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect_focus_in(page, ".jp-Notebook")

    choose_in_palette(page, "Run as Job")
    expect(alpha).to_be_focused()
    page.keyboard.type("2")
    press(page, dialog.get_by_role("button", name="Run", exact=True))
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("region", name="Log")).to_be_visible()
    expect_focus_in(page, ".jp-labline-job")
    expect(page.get_by_role("status").filter(has_text="succeeded")).to_be_visible(timeout=LONG)
    tab_to(page, page.get_by_role("button", name="Open Output Notebook"))


def test_a_model_is_promoted_approved_and_deployed_by_keys(
    page: Page,  # noqa: F811
    ada: JupyterLab,
) -> None:
    page.goto(ada.fresh)
    dialog = page.get_by_role("dialog")
    for candidate, stage in (("r2", "staging"), ("beasts@staging", "prod")):
        choose_in_palette(page, "Promote a Model")
        expect(dialog.get_by_label("Candidate")).to_be_focused()
        # A select takes what is typed.
        page.keyboard.type(candidate)
        tab_to(page, dialog.get_by_label("Stage"))
        page.keyboard.type(stage)
        press(page, dialog.get_by_role("button", name="Promote", exact=True))
        expect(dialog).to_be_hidden()
        expected = "promoted" if stage == "staging" else "needs approval"
        expect(state(page)).to_have_text(expected, timeout=LONG)
        expect_focus_in(page, ".jp-labline-view")
    tab_to(page, page.get_by_role("textbox", name="Comment"))
    page.keyboard.type("looked at it")
    press(page, page.get_by_role("button", name="Approve", exact=True))
    expect(state(page)).to_have_text("promoted", timeout=LONG)
    expect_focus_in(page, ".jp-labline-view")
    assert Lab.from_(ada.root).version("beasts@prod").version == 1

    choose_in_palette(page, "Deploy a Model")
    expect(dialog.get_by_label("Model")).to_be_focused()
    page.keyboard.type("beasts@prod")
    press(page, dialog.get_by_role("button", name="Deploy", exact=True))
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name="beasts").first).to_be_visible()
    expect_focus_in(page, ".jp-labline-view")
    assert Lab.from_(ada.root).errands.deployments.list()
