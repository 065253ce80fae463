"""What holds the line together: the platform's start, versions, a notebook's identity, CI."""

import json
import re
from collections.abc import Iterator
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.test_smoke import (  # noqa: F401
    CHROMIUM,
    JupyterLab,
    browser,
    jupyterlab,
    open_sidebar,
    page,
    screenshot,
    write_notebook,
)

from labline.lab import Lab

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.timeout(900),
]
#: a busy machine starts worker and gateway in this many milliseconds
LONG = 180_000
WHERE = "from labline.kernel import install\nprint(install(get_ipython()).locate().name)"


@pytest.fixture
def stopped(jupyterlab: JupyterLab) -> Iterator[None]:  # noqa: F811
    yield
    Lab.from_(jupyterlab.root).platform.down()


def open_notebook(page: Page, lab: JupyterLab, name: str) -> Locator:  # noqa: F811
    page.goto(lab.fresh.replace("/lab?", f"/lab/tree/{name}?"))
    button = page.get_by_role("button", name="Record what this notebook runs")
    expect(button).to_be_enabled()
    return button


def run_first_cell(page: Page, notebook: Locator) -> None:  # noqa: F811
    notebook.locator(".cm-content").first.click()
    page.keyboard.press("Shift+Enter")


@pytest.mark.usefixtures("stopped")
def test_the_platform_is_started_from_the_panel(
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    jupyterlab.set_theme("Dark")
    panel = open_sidebar(page, jupyterlab.fresh)
    panel.get_by_role("button", name="Start", exact=True).click()
    expect(panel.get_by_role("progressbar", name="The platform is starting")).to_be_visible()
    screenshot(page, "platform-starting")
    expect(panel.get_by_text("ready for jobs")).to_be_visible(timeout=LONG)
    expect(panel.get_by_text("The platform is not up")).to_be_hidden()
    screenshot(page, "platform-started")


def test_a_platform_that_cannot_start_says_why(
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    jupyterlab.set_theme("Light")
    panel = open_sidebar(page, jupyterlab.fresh)
    policy = jupyterlab.root / "labline.toml"
    good = policy.read_text()
    start = panel.get_by_role("button", name="Start", exact=True)
    expect(start).to_be_visible()
    policy.write_text('[project]\nnaem = "churn"\n')
    try:
        start.click()
        expect(panel.get_by_text("unknown key 'naem'").first).to_be_visible()
        screenshot(page, "platform-refused")
    finally:
        policy.write_text(good)


def test_the_launcher_begins_with_labline(page: Page, jupyterlab: JupyterLab) -> None:  # noqa: F811
    page.goto(jupyterlab.fresh)
    card = page.get_by_role("button", name="Labline", exact=True)
    expect(card.last).to_be_visible()
    screenshot(page, "launcher")
    card.last.click()
    expect(page.get_by_role("region", name="Labline")).to_be_visible()


def test_a_kernel_of_another_version_is_explained(
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    source = "import labline.kernel.identity as told\ntold.__version__ = '0.0.1'"
    write_notebook(jupyterlab.root / "old.ipynb", source)
    open_notebook(page, jupyterlab, "old.ipynb")
    run_first_cell(page, page.locator(".jp-Notebook"))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Two versions of labline")
    expect(dialog).to_contain_text("0.0.1")
    expect(dialog.get_by_text(re.compile("^pip install labline=="))).to_be_visible()
    screenshot(page, "versions")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()


def test_a_notebook_renamed_while_it_is_recorded_is_known_by_its_new_name(
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    write_notebook(jupyterlab.root / "before.ipynb", WHERE)
    open_notebook(page, jupyterlab, "before.ipynb").click()
    expect(page.get_by_role("button", name="Recording: click to end")).to_be_visible()
    page.get_by_role("tab", name="before.ipynb").click(button="right")
    page.get_by_role("menuitem", name="Rename Notebook").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("after.ipynb")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="after.ipynb")).to_be_visible()
    run_first_cell(page, page.locator(".jp-Notebook"))
    expect(page.locator(".jp-OutputArea-output")).to_have_text("after.ipynb\n")


def test_two_notebooks_on_one_kernel_are_told_apart(
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    for name in ("one", "two"):
        write_notebook(jupyterlab.root / f"{name}.ipynb", WHERE)
    open_notebook(page, jupyterlab, "one.ipynb").click()
    expect(page.get_by_role("button", name="Recording: click to end")).to_be_visible()
    share_kernel(jupyterlab, "one.ipynb", "two.ipynb")
    page.locator(".jp-DirListing-item", has_text="two.ipynb").dblclick()
    expect(page.get_by_role("tab", name="two.ipynb")).to_have_attribute("aria-selected", "true")
    toolbar = page.locator(".jp-NotebookPanel:visible")
    expect(toolbar.get_by_role("button", name="Recording: click to end")).to_be_visible()
    notebooks = page.locator(".jp-Notebook:visible")
    run_first_cell(page, notebooks)
    expect(notebooks.locator(".jp-OutputArea-output")).to_have_text("two.ipynb\n")
    page.get_by_role("tab", name="one.ipynb").click()
    run_first_cell(page, notebooks)
    expect(notebooks.locator(".jp-OutputArea-output")).to_have_text("one.ipynb\n")


def share_kernel(lab: JupyterLab, owner: str, other: str) -> None:
    """Let another notebook use the kernel that one has, as *Change Kernel* does."""
    address, _, token = lab.url.partition("/lab?token=")
    url, headers = f"{address}/api/sessions", {"Authorization": f"token {token}"}
    with urlopen(Request(url, headers=headers)) as answer:
        (session,) = [one for one in json.load(answer) if one["path"] == owner]
    body = {"path": other, "name": other, "type": "notebook", "kernel": session["kernel"]}
    data = json.dumps(body).encode()
    urlopen(Request(url, data=data, headers=headers)).close()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_job_is_made_a_ci_job_from_its_form(
    theme: str,
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    jupyterlab.set_theme(theme)
    write_notebook(jupyterlab.root / "train.ipynb", "print('trained')")
    open_notebook(page, jupyterlab, "train.ipynb")
    page.get_by_role("button", name="Run this notebook as a job").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Make This CI").click()
    expect(dialog.get_by_role("figure")).to_contain_text(".github/workflows/")
    expect(dialog.get_by_role("figure")).to_contain_text("labline run train.ipynb")
    screenshot(page, f"ci-{theme.lower()}")
    dialog.get_by_role("radio", name="GitLab CI").check()
    expect(dialog.get_by_role("figure")).to_contain_text(".gitlab-ci.yml")
    dialog.get_by_role("button", name="Copy the file").click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
