"""The widgets, used by hand: in JupyterLab, in Voilà, and where there is no front end."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.acceptance.test_line import DATA, FIT, LOG, PARAMETERS
from tests.browser.axe import assert_accessible
from tests.browser.stories import LONG
from tests.browser.test_line import labline
from tests.browser.test_smoke import (  # noqa: F401
    CHROMIUM,
    JupyterLab,
    browser,
    clean_environment,
    free_port,
    page,
    screenshot,
    serving,
    started,
)
from tests.conftest import write_notebook

from labline.lab import Lab

HOSTILE = '<img src="nowhere" onerror="window.ran = true">'
POLICY = """
[project]
name = "beasts"

[stages.staging]
gates = ["signature", "metric"]
metric = { name = "r2", min = 0.9 }
"""
WAIT = "import pathlib, time\nwhile not pathlib.Path({go!r}).exists():\n    time.sleep(0.1)"
IMPORTS = (
    "from labline.lab import Lab\n"
    "from labline.widgets import DeployPanel, JobProgress, PromoteButton, RunTable"
)
RUNS = "RunTable(sort='-metrics.r2')"
MANAGER = "voila/labextensions/@jupyter-widgets/jupyterlab-manager/package.json"
PROMOTE = "PromoteButton('best:r2', 'staging')"
DEPLOY = "DeployPanel('beasts')"
WRONG = "PromoteButton('best:r2', 'moon', dry_run=True)"

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Provide a project with a model to promote, and a run whose name is an attack."""
    root = tmp_path_factory.mktemp("beasts")
    (root / "labline.toml").write_text(POLICY)
    write_notebook(root / "train.ipynb", DATA, FIT, LOG, parameters=PARAMETERS)
    labline(root, "run", "train.ipynb")
    tracking = Lab.from_(root).tracking
    tracking.end_run(tracking.create_run("beasts", HOSTILE).id)
    return root


@pytest.fixture(scope="module")
def ada(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    with serving(tmp_path_factory.mktemp("ada"), project) as lab:
        yield lab


def open_notebook(page: Page, lab: JupyterLab, name: str) -> None:  # noqa: F811
    page.set_viewport_size({"width": 1280, "height": 1400})
    page.goto(lab.fresh.replace("/lab?", f"/lab/tree/{name}?"))
    expect(page.get_by_role("button", name="Record what this notebook runs")).to_be_enabled()


def run_all(page: Page) -> None:  # noqa: F811
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def panel(page: Page, title: str) -> Locator:  # noqa: F811
    """Return a widget by its title, once it is there."""
    found = page.locator(".widget-vbox", has=page.locator("strong", has_text=title)).first
    expect(found).to_be_visible(timeout=LONG)
    return found


def click(widget: Locator, button: str) -> None:
    # By what is to be read: the name of a button begins with its icon.
    widget.get_by_role("button").filter(has_text=re.compile(f"^{button}$")).click()


def expect_text_not_markup(page: Page, runs: Locator) -> None:  # noqa: F811
    expect(runs.get_by_role("cell", name=HOSTILE)).to_be_visible()
    expect(runs.locator("img")).to_have_count(0)
    assert page.evaluate("() => 'ran' in window") is False


def test_in_a_notebook_a_job_is_watched_and_its_model_promoted(
    page: Page,  # noqa: F811
    ada: JupyterLab,
) -> None:
    ada.set_theme("Light")
    go = ada.root / "go"
    write_notebook(ada.root / "slow.ipynb", "1", WAIT.format(go=str(go)), "2")
    slow = "JobProgress(Lab.from_().jobs.submit('slow.ipynb'))"
    write_notebook(ada.root / "panel.ipynb", IMPORTS, RUNS, slow, WRONG, PROMOTE)
    open_notebook(page, ada, "panel.ipynb")
    run_all(page)
    runs, job = panel(page, "Runs"), panel(page, "Job ")
    wrong, promote = panel(page, "Try best:r2 to moon"), panel(page, "Promote best:r2 to staging")
    expect_text_not_markup(page, runs)
    expect(runs).to_contain_text("the greatest r2 first")

    click(wrong, "Try")
    expect(wrong.get_by_role("alert")).to_contain_text("There is no stage 'moon' in the policy.")
    expect(wrong.get_by_role("alert")).to_contain_text("Known: staging.")

    click(promote, "Promote")
    click(promote, "Not now")
    click(promote, "Promote")
    screenshot(page, "widgets-asking-light")
    assert not Lab.from_(ada.root).tracking.registry.versions("beasts", missing_ok=True)
    click(promote, "Yes, promote")
    expect(promote.get_by_text("promoted", exact=True)).to_be_visible(timeout=LONG)
    expect(promote.get_by_role("row").filter(has_text="metric")).to_contain_text("passed")
    assert Lab.from_(ada.root).version("beasts@staging").version == 1

    expect(job).to_contain_text("running, at cell 2", timeout=LONG)
    expect(job).to_contain_text("1 of 3 cells")
    go.touch()
    expect(job).to_contain_text("3 of 3 cells", timeout=LONG)
    expect(job.get_by_role("row").filter(has_text="slow.ipynb")).to_contain_text("succeeded")
    expect(job.get_by_role("button", name="Cancel")).to_be_hidden()
    expect(runs.get_by_role("row").filter(has_text="slow")).to_contain_text("finished")
    screenshot(page, "widgets-light")
    assert_accessible(page, ".jp-Notebook .jp-OutputArea")


def test_what_cannot_be_deployed_is_told_where_the_button_is(
    page: Page,  # noqa: F811
    ada: JupyterLab,
    version: str,
) -> None:
    ada.set_theme("Dark")
    write_notebook(ada.root / "deploy.ipynb", IMPORTS, RUNS, WRONG, PROMOTE, DEPLOY)
    open_notebook(page, ada, "deploy.ipynb")
    run_all(page)
    deploy = panel(page, "Deploy beasts")
    expect(deploy.get_by_label("Version")).to_be_visible()
    expect(deploy).to_contain_text("Nothing is served yet.")
    click(panel(page, "Try best:r2 to moon"), "Try")
    click(panel(page, "Promote best:r2 to staging"), "Promote")
    click(deploy, "Deploy")
    expect(deploy.get_by_role("alert")).to_contain_text("The platform is not up.")
    expect(deploy.get_by_role("alert")).to_contain_text("labline up")
    screenshot(page, "widgets-dark")
    assert_accessible(page, ".jp-Notebook .jp-OutputArea")


@pytest.fixture
def version(project: Path) -> str:
    """Provide a registered version of the model."""
    lab = Lab.from_(project)
    made = lab.tracking.registry.versions("beasts", missing_ok=True)
    return made[0].label if made else lab.promote("best:r2", to="staging").label


def test_voila_shows_the_same_widgets_and_their_buttons_work(
    page: Page,  # noqa: F811
    project: Path,
    version: str,
    tmp_path: Path,
) -> None:
    write_notebook(project / "app.ipynb", IMPORTS, RUNS, WRONG, PROMOTE, DEPLOY)
    port = free_port()
    here = f"http://127.0.0.1:{port}"
    options = ("app.ipynb", "--no-browser", f"--port={port}", "--Voila.ip=127.0.0.1")
    with started(tmp_path, project, "voila", *options, until=f"{here}/{MANAGER}"):
        page.goto(here, timeout=LONG)
        expect_text_not_markup(page, panel(page, "Runs"))
        expect(panel(page, "Deploy beasts").get_by_label("Version")).to_be_visible()
        wrong = panel(page, "Try best:r2 to moon")
        click(wrong, "Try")
        expect(wrong.get_by_role("alert")).to_contain_text("Known: staging.")
        promote = panel(page, "Promote best:r2 to staging")
        click(promote, "Promote")
        click(promote, "Yes, promote")
        expect(promote.get_by_role("row").filter(has_text="signature")).to_contain_text(
            "passed", timeout=LONG
        )
        screenshot(page, "widgets-voila")


def test_without_a_front_end_the_widgets_are_a_page_without_scripts(
    browser: Browser,  # noqa: F811
    project: Path,
    version: str,
) -> None:
    write_notebook(project / "report.ipynb", IMPORTS, RUNS, PROMOTE, DEPLOY)
    command = [
        *(sys.executable, "-m", "nbconvert", "--execute", "--to", "html", "report.ipynb"),
        "--ExecutePreprocessor.store_widget_state=False",
    ]
    subprocess.run(command, cwd=project, env=clean_environment(), check=True, timeout=240)
    report = browser.new_page(java_script_enabled=False)
    report.goto((project / "report.html").as_uri(), wait_until="domcontentloaded")
    runs, promote, deploy = map(report.locator(".labline-widget").nth, range(3))
    expect(runs.get_by_role("cell", name=HOSTILE)).to_be_visible()
    expect(runs.locator("img")).to_have_count(0)
    expect(promote).to_contain_text("labline promote best:r2 --to staging --yes")
    expect(deploy).to_contain_text("labline deploy beasts")
    expect(deploy).to_contain_text("Nothing is served yet.")
    screenshot(report, "widgets-report")
    report.close()
