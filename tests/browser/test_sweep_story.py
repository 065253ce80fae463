"""A sweep and a schedule from the dialog Run as Job, and the pages that show them."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.browser.axe import assert_accessible
from tests.browser.stories import LONG, write_training
from tests.browser.test_smoke import (  # noqa: F401
    CHROMIUM,
    JupyterLab,
    browser,
    jupyterlab,
    page,
    screenshot,
)

from labline.lab import Lab

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
    pytest.mark.timeout(900),
]


PARAMETER = "depth: int = 3  # of the trees"
CELL = (
    "%load_ext labline",
    "score = 1 - (alpha - 0.3) ** 2 - depth / 1000",
    "%log score",
)


def open_dialog(page: Page, jupyterlab: JupyterLab, theme: str) -> Locator:  # noqa: F811
    jupyterlab.set_theme(theme)
    write_training(jupyterlab.root / "train.ipynb", PARAMETER, *CELL)
    page.goto(jupyterlab.fresh.replace("/lab?", "/lab/tree/train.ipynb?"))
    page.get_by_role("button", name="Run this notebook as a job").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox", name="alpha")).to_be_visible()
    return dialog


@pytest.mark.parametrize("theme", ["Light", pytest.param("Dark", marks=pytest.mark.proof)])
def test_a_sweep_is_submitted_watched_to_its_end_and_its_best_trial_opened(
    theme: str,
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    dialog = open_dialog(page, jupyterlab, theme)
    dialog.get_by_role("checkbox", name="Sweep alpha").check()
    dialog.get_by_role("radio", name="Range", exact=True).check()
    dialog.get_by_role("textbox", name="alpha: from").fill("0.9")
    dialog.get_by_role("textbox", name="alpha: to").fill("0.1")
    expect(dialog.get_by_role("alert")).to_contain_text("ends at 0.1")
    dialog.get_by_role("textbox", name="alpha: from").fill("0.1")
    dialog.get_by_role("textbox", name="alpha: to").fill("0.9")
    dialog.get_by_role("textbox", name="alpha: step").fill("0.1")
    dialog.get_by_role("checkbox", name="Sweep depth").check()
    dialog.get_by_role("textbox", name="depth").fill("2, 3")
    dialog.get_by_role("combobox", name="Points").select_option("optuna")
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_count(2)
    expect(dialog.get_by_text("Say how many points to try.")).to_be_visible()
    screenshot(page, f"sweep-incomplete-{theme.lower()}")
    dialog.get_by_role("textbox", name="Trials", exact=True).fill("4")
    dialog.get_by_role("textbox", name="Metric").fill("score")
    line = "--sweep depth=2,3 --sweep 'alpha~uniform(0.1, 0.9, 0.1)' --search optuna --trials 4"
    expect(dialog.get_by_text(line)).to_be_visible()
    expect(dialog.get_by_text("4 jobs, all under one run.")).to_be_visible()
    dialog.get_by_role("button", name="Make This CI").click()
    expect(dialog.get_by_role("figure")).to_contain_text("--trials 4 --metric score")
    dialog.get_by_role("button", name="Make This CI").click()
    screenshot(page, f"sweep-dialog-{theme.lower()}")
    assert_accessible(page, ".jp-labline-order")
    dialog.get_by_role("button", name="Run", exact=True).click()

    expect(page.get_by_role("heading", name="Sweep of train.ipynb")).to_be_visible()
    expect(page.get_by_role("tab", name="Sweep of train.ipynb")).to_be_visible()
    state = page.locator(".jp-labline-state")
    expect(state).to_have_text("succeeded", timeout=LONG)
    table = page.get_by_role("region", name="Table of trials").get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(5)
    expect(table.get_by_role("row").nth(1)).to_contain_text("best")
    expect(page.get_by_text(re.compile("The greatest score is"))).to_be_visible()
    screenshot(page, f"sweep-succeeded-{theme.lower()}")
    assert_accessible(page, ".jp-labline-view")
    sweep = Lab.from_(jupyterlab.root).sweeps.get()
    assert len(sweep.trials) == 4
    assert sweep.best is not None

    page.get_by_role("button", name="Open the Best Trial").click()
    name = f"train.ipynb · {sweep.best.job[:8]}-{sweep.best.number}"
    expect(page.get_by_role("tab", name=name)).to_be_visible()
    expect(page.get_by_role("button", name="Open Output Notebook")).to_be_visible()
    page.get_by_role("button", name=sweep.id, exact=True).click()
    expect(page.get_by_role("heading", name="Sweep of train.ipynb")).to_be_visible()


@pytest.mark.parametrize("theme", ["Dark", pytest.param("Light", marks=pytest.mark.proof)])
def test_a_schedule_is_added_paused_run_and_removed(
    theme: str,
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    dialog = open_dialog(page, jupyterlab, theme)
    dialog.get_by_role("radio", name="By the clock").check()
    dialog.get_by_role("textbox", name="Rule").fill("every day")
    dialog.get_by_role("button", name="Add Schedule").click()
    expect(dialog.get_by_text("“every day” is no rule")).to_be_visible()
    expect(dialog.get_by_text("Say which notebook is to run.")).to_be_visible()
    dialog.get_by_role("textbox", name="Rule").fill("0 25 * * *")
    dialog.get_by_role("combobox", name="Time zone").fill("Europe/Berlin")
    dialog.get_by_role("radio", name="as it is saved then").check()
    dialog.get_by_role("button", name="Add Schedule").click()
    rule = dialog.get_by_role("textbox", name="Rule")
    expect(rule).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_role("alert")).to_have_text("'0 25 * * *' is not a cron rule.")
    screenshot(page, f"schedule-refused-{theme.lower()}")
    rule.fill("0 6 * * 1-5")
    expect(dialog.get_by_text("--cron '0 6 * * 1-5' --latest --timezone")).to_be_visible()
    assert_accessible(page, ".jp-labline-order")
    dialog.get_by_role("button", name="Add Schedule").click()

    table = page.get_by_role("table")
    expect(table).to_contain_text("0 6 * * 1-5")
    screenshot(page, f"schedules-{theme.lower()}")
    assert_accessible(page, ".jp-labline-view")
    table.get_by_role("button", name="Pause: train").click()
    expect(table).to_contain_text("paused")
    table.get_by_role("button", name="Remove: train").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("No notebook is run by the clock yet.")).to_be_visible()
    assert Lab.from_(jupyterlab.root).jobs.schedules.list() == []
