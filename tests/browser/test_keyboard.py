"""The line by keys alone: nothing on the way needs a mouse."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import JSHandle, Locator, Page, expect
from tests.acceptance.test_line import DATA, FIT, LOG, PARAMETERS
from tests.browser.palette import choose
from tests.browser.stories import LONG, policy
from tests.browser.test_line import platform, state
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

MOST_STOPS = 80
VIEW = ".jp-labline-view"
#: roles that tell nobody what the focused element does
MUTE = ("", "generic", "none")
#: what is told of the focused element: whether an outline or a shadow shows it, whether it is ours
FOCUSED = """before => {
  const there = document.activeElement;
  const shown = node => {
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(node);
    return (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
  };
  return {
    html: there.outerHTML.slice(0, 300),
    ours: there.closest('.jp-labline, .jp-Dialog') !== null,
    seen: there !== document.body && (shown(there) || shown(there.parentElement)),
    moved: there !== before
  };
}"""

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """Provide a JupyterLab over a project with its platform, a notebook and three runs."""
    root = tmp_path_factory.mktemp("beasts")
    (root / "labline.toml").write_text(policy(free_port(), four_eyes=False))
    write_notebook(root / "train.ipynb", DATA, FIT, LOG, parameters=PARAMETERS)
    tracking = Lab.from_(root).tracking
    for name, r2 in (("ridge", 0.8), ("ridge-scaled", 0.7), ("forest", 0.6)):
        run = tracking.create_run("beasts", name)
        tracking.log_metrics(run.id, {"r2": r2})
        tracking.end_run(run.id)
    with platform(root), serving(tmp_path_factory.mktemp("ada"), root) as lab:
        yield lab


def visit(page: Page, address: str, focused: str) -> None:  # noqa: F811
    """Open a page, and wait until JupyterLab has given the focus to what it shows.

    Until then it takes the focus away from a palette, which closes, and keys go astray.
    """
    page.goto(address)
    page.wait_for_function(
        "part => document.activeElement.closest(part)", arg=focused, timeout=LONG
    )


def pick(page: Page, choice: Locator, wanted: str) -> None:  # noqa: F811
    """Choose in the list that is focused, by its arrow keys."""
    expect(choice).to_be_focused()
    page.keyboard.press("Home")
    for _ in range(MOST_STOPS):
        if choice.evaluate("list => list.selectedOptions[0].text") == wanted:
            return
        page.keyboard.press("ArrowDown")
    pytest.fail(f"the list has no {wanted}")


def step(page: Page, key: str, before: JSHandle | None) -> JSHandle:  # noqa: F811
    """Press a key that moves the focus; return what has it: seen, and if ours, with a name."""
    page.keyboard.press(key)
    focused = page.evaluate(FOCUSED, before)
    assert focused["seen"], focused["html"]
    assert focused["moved"], focused["html"]
    if focused["ours"]:
        role, name = spoken(page)
        assert role not in MUTE, focused["html"]
        assert name, focused["html"]
    return page.evaluate_handle("document.activeElement")


def spoken(page: Page) -> tuple[str, str]:  # noqa: F811
    """Return role and name of what is focused, as Chromium tells a screen reader."""
    session = page.context.new_cdp_session(page)
    found = session.send("Runtime.evaluate", {"expression": "document.activeElement"})
    about = {"objectId": found["result"]["objectId"], "fetchRelatives": False}
    (node,) = session.send("Accessibility.getPartialAXTree", about)["nodes"]
    session.detach()
    return node["role"]["value"], node["name"]["value"].strip()


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:  # noqa: F811
    """Press Tab until something is focused."""
    here = None
    for _ in range(MOST_STOPS):
        here = step(page, key, here)
        if wanted.count() == 1 and wanted.evaluate("node => node === document.activeElement"):
            return
    pytest.fail(f"Tab does not reach {wanted}")


def tab_out(page: Page, part: str) -> None:  # noqa: F811
    """Press Tab until the focus has left a part of the page: it keeps nobody."""
    here = None
    for _ in range(MOST_STOPS):
        here = step(page, "Tab", here)
        if page.evaluate("part => !document.activeElement.closest(part)", part):
            return
    pytest.fail(f"Tab does not leave {part}")


def press(page: Page, button: Locator) -> None:  # noqa: F811
    tab_to(page, button)
    page.keyboard.press("Enter")


def expect_focus_in(page: Page, part: str) -> None:  # noqa: F811
    """Wait until the focus is in a part of the page, or on it."""
    page.wait_for_function("part => !!document.activeElement.closest(part)", arg=part)


def expect_focus_on(page: Page, node: JSHandle) -> None:  # noqa: F811
    page.wait_for_function("node => node === document.activeElement", arg=node)


def test_runs_are_found_and_compared_by_keys(page: Page, ada: JupyterLab) -> None:  # noqa: F811
    visit(page, ada.fresh, ".jp-Launcher")
    panel = page.get_by_role("region", name="Labline", exact=True)
    choose(page, "Show Labline", panel)
    expect(panel).to_be_focused()
    boxes = panel.get_by_role("region", name="Runs").get_by_role("checkbox")
    expect(boxes.nth(2)).to_be_visible()
    tab_to(page, panel.get_by_role("searchbox", name="Filter runs"))
    page.keyboard.type("ridge")
    expect(boxes).to_have_count(2)
    for box in boxes.all():
        tab_to(page, box)
        page.keyboard.press("Space")
        expect(box).to_be_checked()
    tab_to(page, panel.get_by_role("button", name="Compare"), "Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="2 runs side by side")).to_be_visible()
    expect_focus_in(page, VIEW)
    head = page.get_by_role("columnheader", name="r2")
    expect(head.get_by_role("button")).to_be_visible()
    tab_to(page, head.get_by_role("button"))
    page.keyboard.press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    screenshot(page, "keyboard-compared")
    tab_out(page, VIEW)


def test_a_notebook_becomes_a_model_in_production_by_keys(
    page: Page,  # noqa: F811
    ada: JupyterLab,
) -> None:
    visit(page, ada.fresh.replace("/lab?", "/lab/tree/train.ipynb?"), ".jp-Notebook .jp-Cell")
    expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible(timeout=LONG)
    run_as_job(page)
    promote(page, "the best r2", "staging")
    expect(state(page)).to_have_text("promoted", timeout=LONG)
    promote(page, "beasts@staging", "prod")
    expect(state(page)).to_have_text("needs approval", timeout=LONG)
    tab_to(page, page.get_by_role("textbox", name="Comment"))
    page.keyboard.type("looked at it")
    screenshot(page, "keyboard-approving")
    press(page, page.get_by_role("button", name="Approve", exact=True))
    expect(state(page)).to_have_text("promoted", timeout=LONG)
    expect(page.locator(f"{VIEW}:visible")).to_contain_text("looked at it")
    expect_focus_in(page, VIEW)
    assert Lab.from_(ada.root).version("beasts@prod").version == 1
    call_a_deployment_off(page)


def run_as_job(page: Page) -> None:  # noqa: F811
    """Run the notebook that is open, on second thoughts, and see it through."""
    expect(page.get_by_role("button", name="Run this notebook as a job")).to_be_enabled()
    notebook = page.evaluate_handle("document.activeElement")
    dialog = page.get_by_role("dialog")
    alpha = dialog.get_by_role("textbox", name="alpha")
    choose(page, "Run as Job", dialog)
    expect(alpha).to_be_focused()
    tab_to(page, dialog.get_by_role("button", name="Run", exact=True), "Shift+Tab")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect_focus_on(page, notebook)

    choose(page, "Run as Job", dialog)
    expect(alpha).to_be_focused()
    page.keyboard.press("Control+A")
    page.keyboard.type("2")
    screenshot(page, "keyboard-run-as-job")
    press(page, dialog.get_by_role("button", name="Run", exact=True))
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("region", name="Log")).to_be_visible()
    expect_focus_in(page, ".jp-labline-job")
    expect(page.get_by_role("status").filter(has_text="succeeded")).to_be_visible(timeout=LONG)
    tab_to(page, page.get_by_role("button", name="Open Output Notebook"))


def promote(page: Page, candidate: str, stage: str) -> None:  # noqa: F811
    dialog = page.get_by_role("dialog")
    choose(page, "Promote a Model", dialog)
    pick(page, dialog.get_by_role("combobox", name="Candidate"), candidate)
    chosen = dialog.get_by_role("combobox", name="Stage")
    tab_to(page, chosen)
    pick(page, chosen, stage)
    press(page, dialog.get_by_role("button", name="Promote", exact=True))
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("heading", name=re.compile(f"→ {stage}"))).to_be_visible()
    expect_focus_in(page, VIEW)


def call_a_deployment_off(page: Page) -> None:  # noqa: F811
    """Go round a dialog, write in its field, and leave: the focus is where it was."""
    before = page.evaluate_handle("document.activeElement")
    dialog = page.get_by_role("dialog")
    choose(page, "Deploy a Model", dialog)
    model = dialog.get_by_role("combobox", name="Model")
    expect(model).to_be_focused()
    endpoint = dialog.get_by_role("textbox", name="Endpoint")
    tab_to(page, endpoint)
    page.keyboard.type("beasts")
    page.keyboard.press("Home")
    page.keyboard.type("my-")
    expect(endpoint).to_have_value("my-beasts")
    tab_to(page, dialog.get_by_role("button", name="Deploy", exact=True))
    tab_to(page, model)
    tab_to(page, dialog.get_by_role("button", name="Deploy", exact=True), "Shift+Tab")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect_focus_on(page, before)
