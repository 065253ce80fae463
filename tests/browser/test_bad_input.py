"""What goes wrong on ordinary days, in a real JupyterLab: what the page says then."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.palette import choose
from tests.browser.test_comparison import LONG_NAME
from tests.browser.test_smoke import (  # noqa: F401
    CHROMIUM,
    JupyterLab,
    browser,
    free_port,
    jupyterlab,
    open_sidebar,
    page,
    record_a_run,
    screenshot,
    section,
    serving,
    sidebar,
    write_notebook,
)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


def test_a_run_with_any_name_is_shown_as_it_is_and_on_one_line(
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    assert len(LONG_NAME) > 500
    record_a_run(jupyterlab.root, LONG_NAME)
    runs = section(open_sidebar(page, jupyterlab.fresh), "Runs")
    name = runs.locator(".jp-labline-name", has_text="<b>bold</b> 🧪")
    expect(name).to_be_visible()
    assert name.locator("b").count() == 0
    assert name.evaluate(
        "node => node.clientHeight < 2 * parseFloat(getComputedStyle(node).fontSize)"
    )
    assert runs.evaluate("node => node.scrollWidth <= node.clientWidth")
    screenshot(page, "sidebar-any-name-light")


def order(page: Page, lab: JupyterLab, name: str) -> Locator:  # noqa: F811
    """Open the form that runs a notebook of the file browser as a job."""
    page.goto(lab.fresh)
    page.locator(".jp-DirListing-item", has_text=name).click(button="right")
    page.get_by_role("menuitem", name="Run as Job…").click()
    return page.get_by_role("dialog")


def test_a_notebook_that_is_not_saved_is_saved_from_the_form(
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    path = jupyterlab.root / "draft.ipynb"
    dialog = order_unsaved(page, jupyterlab, path)
    expect(dialog).to_contain_text("This notebook has no parameters.")
    screenshot(page, "run-as-job-not-saved-light")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("button", name="Run", exact=True)).to_be_visible()
    expect(dialog.get_by_text("changes that are not saved")).to_be_hidden()
    assert "changed = True" in "".join(json.loads(path.read_text())["cells"][0]["source"])


def test_what_jupyterlab_asks_when_it_saves_can_be_answered(
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    path = jupyterlab.root / "shared.ipynb"
    dialog = order_unsaved(page, jupyterlab, path)
    # Somebody else saves it meanwhile.
    write_notebook(path, "2 + 2")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("File Changed")
    dialog.get_by_role("button", name="Overwrite").click()
    expect(dialog).to_contain_text("Run shared.ipynb as a job")
    expect(dialog.get_by_text("changes that are not saved")).to_be_hidden()
    assert "changed = True" in "".join(json.loads(path.read_text())["cells"][0]["source"])


def order_unsaved(page: Page, jupyterlab: JupyterLab, path: Path) -> Locator:  # noqa: F811
    """Open a notebook, change it, and ask to run it as a job."""
    write_notebook(path, "1 + 1")
    page.goto(jupyterlab.fresh.replace("/lab?", f"/lab/tree/{path.name}?"))
    run = page.get_by_role("button", name="Run this notebook as a job")
    expect(run).to_be_enabled()
    # A kernel that is ready writes its language into the notebook, which colours the cells then.
    expect(page.locator(".jp-Notebook .cm-line span").first).to_be_visible()
    page.locator(".jp-Notebook .cm-content").first.click()
    page.keyboard.type("changed = True\n")
    run.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("The notebook has changes that are not saved")
    return dialog


def test_a_notebook_that_cannot_be_written_can_be_run_as_a_job(
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    path = jupyterlab.root / "kept.ipynb"
    write_notebook(path, "print('kept')")
    path.chmod(0o444)
    dialog = order(page, jupyterlab, "kept.ipynb")
    expect(dialog.get_by_text("labline run kept.ipynb", exact=True)).to_be_visible()
    expect(dialog.get_by_text("not saved")).to_be_hidden()


def test_a_notebook_of_another_language_is_not_run(
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    path = jupyterlab.root / "other.ipynb"
    write_notebook(path, "cat('hello')", kernel="ir")
    told = json.loads(path.read_text())
    told["metadata"]["kernelspec"]["language"] = "R"
    path.write_text(json.dumps(told))
    alert = order(page, jupyterlab, "other.ipynb").get_by_role("alert")
    expect(alert).to_contain_text("other.ipynb")
    expect(alert).to_contain_text("Python")
    screenshot(page, "run-as-job-not-python-light")


@pytest.fixture(scope="module")
def without_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """Provide a JupyterLab whose project looks for MLflow where nobody answers."""
    home = tmp_path_factory.mktemp("away")
    root: Path = home / "churn"
    root.mkdir()
    policy = f'tracking_uri = "http://127.0.0.1:{free_port()}"\n[project]\nname = "churn"\n'
    (root / "labline.toml").write_text(policy + "[stages.prod]\n")
    with serving(home, root) as lab:
        yield lab


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_while_mlflow_is_away_the_rest_goes_on(
    theme: str,
    page: Page,  # noqa: F811
    without_mlflow: JupyterLab,
) -> None:
    without_mlflow.set_theme(theme)
    panel = open_sidebar(page, without_mlflow.fresh)
    expect(panel.get_by_text("cannot be reached", exact=True)).to_be_visible()
    unknown = "Not known while tracking cannot be reached."
    expect(section(panel, "Runs").get_by_text(unknown)).to_be_visible()
    expect(section(panel, "Models").get_by_text(unknown)).to_be_visible()
    expect(section(panel, "Jobs").get_by_text("No job yet.")).to_be_visible()
    expect(panel.get_by_role("button", name="Start", exact=True)).to_be_enabled()
    screenshot(page, f"sidebar-mlflow-away-{theme.lower()}")


def test_a_promotion_is_not_asked_for_while_mlflow_is_away(
    page: Page,  # noqa: F811
    without_mlflow: JupyterLab,
) -> None:
    page.goto(without_mlflow.fresh)
    page.get_by_role("tab", name="Labline").wait_for()
    told = page.locator(".jp-toast-message")
    choose(page, "Promote a Model", told)
    expect(told).to_contain_text("does not answer")
