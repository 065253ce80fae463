"""Runs side by side in a real JupyterLab: chosen in the sidebar, compared in a view of its own."""

import math
import re
import time
from pathlib import Path

import pytest
from nbformat import writes
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Locator, Page, expect
from tests.browser.test_smoke import (  # noqa: F401
    CHROMIUM,
    JupyterLab,
    browser,
    jupyterlab,
    open_sidebar,
    page,
    screenshot,
    section,
)

from labline.lab import Lab

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")

LONG_NAME = "رجّح <b>bold</b> 🧪 " + "a very long name of a run " * 20
SOURCE = "model = make_pipeline(StandardScaler(), {estimator})\nmodel.fit(X_train, y_train)"
EPOCHS = 12


def record(root: Path, name: str, alpha: float, estimator: str, auc: float) -> str:
    """Record a run as a notebook would have: parameters, a curve, metrics and the notebook."""
    tracking = Lab.from_(root).tracking
    run = tracking.create_run("churn", name, started=time.time() - 100 * alpha)
    tracking.log_params(run.id, {"alpha": alpha, "estimator": estimator, "folds": 5})
    for step in range(EPOCHS):
        loss = math.exp(-step * alpha / 3) + 0.02 * math.sin(step)
        tracking.log_metrics(run.id, {"loss": loss}, step=step)
    tracking.log_metrics(run.id, {"roc_auc": auc, "rows": 8000})
    cells = [
        new_code_cell("import pandas as pd", id="load"),
        new_code_cell(SOURCE.format(estimator=estimator), id="fit"),
        *([new_code_cell("model.score(X_test, y_test)", id="score")] if alpha > 0.5 else []),
    ]
    text = writes(new_notebook(cells=cells))
    tracking.log_text(run.id, text, "labline/notebook.ipynb")
    environment = {"python": "3.11.9", "packages": {"scikit-learn": f"1.{round(alpha)}"}}
    tracking.log_json(run.id, environment, "labline/environment.json")
    tracking.end_run(run.id)
    return run.id


@pytest.fixture(scope="module")
def runs(jupyterlab: JupyterLab) -> list[str]:  # noqa: F811
    return [
        record(jupyterlab.root, "ridge", 0.5, "Ridge()", 0.9123),
        record(jupyterlab.root, "lasso", 0.9, "Lasso(alpha=0.1)", 0.8841),
        record(jupyterlab.root, LONG_NAME, 1.5, "Ridge()", 0.9387),
    ]


def choose(panel: Locator, *names: str) -> None:
    for name in names:
        panel.get_by_role("checkbox", name=f"Choose {name} for comparison").check()


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_runs_chosen_in_the_sidebar_are_laid_side_by_side(
    theme: str,
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
    runs: list[str],
) -> None:
    jupyterlab.set_theme(theme)
    panel = section(open_sidebar(page, jupyterlab.fresh), "Runs")
    choose(panel, "ridge")
    compare = panel.get_by_role("button", name="Compare")
    expect(compare).to_be_disabled()
    panel.get_by_text("lasso", exact=True).click()  # the name ticks the box, too
    choose(panel, LONG_NAME)
    expect(panel.get_by_text("3 chosen")).to_be_visible()
    screenshot(page, f"runs-chosen-{theme.lower()}")
    compare.click()

    expect(page.get_by_role("heading", name="3 runs side by side")).to_be_visible()
    table = page.get_by_role("table", name="Parameters and metrics of each run")
    names = table.get_by_role("rowheader")
    expect(names).to_have_text([re.compile("ridge"), re.compile("lasso"), re.compile("رجّح")])
    expect(table.get_by_role("columnheader", name="folds")).to_be_hidden()
    expect(page.get_by_text("2 values are the same in all and are not shown")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("Parallel coordinates of 3"))).to_be_visible()
    expect(page.get_by_role("slider", name="loss, step")).to_be_visible()
    expect(page.get_by_role("figure", name="Cell 2 changed")).to_contain_text("Lasso(alpha=0.1)")
    screenshot(page, f"comparison-{theme.lower()}")
    page.get_by_role("heading", name="Data and environment").scroll_into_view_if_needed()
    screenshot(page, f"comparison-below-{theme.lower()}")


def test_the_comparison_is_sorted_and_turned_by_keyboard(
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
    runs: list[str],
) -> None:
    jupyterlab.set_theme("Light")
    panel = section(open_sidebar(page, jupyterlab.fresh), "Runs")
    choose(panel, "ridge", "lasso", LONG_NAME)
    panel.get_by_role("button", name="Compare").press("Enter")
    table = page.get_by_role("table", name="Parameters and metrics of each run")
    names = table.get_by_role("rowheader")
    head = table.get_by_role("columnheader", name="roc_auc")
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "ascending")
    expect(names).to_have_text([re.compile("lasso"), re.compile("ridge"), re.compile("رجّح")])
    head.get_by_role("button").press("Enter")
    expect(head).to_have_attribute("aria-sort", "descending")
    expect(names.first).to_contain_text("رجّح")

    chart = page.get_by_role("slider", name="loss, step")
    chart.press("End")
    expect(chart).to_have_attribute("aria-valuetext", re.compile("^step 11: ridge "))
    screenshot(page, "comparison-cursor")

    table.get_by_role("button", name="Make lasso the baseline").press("Enter")
    expect(page.get_by_text(f"labline runs compare {runs[1][:8]} {runs[0][:8]}")).to_be_visible()
    expect(page.get_by_role("figure", name="Cell 3 removed")).to_be_visible()
    table.get_by_role("button", name="Leave out رجّح").press("Enter")
    expect(page.get_by_role("heading", name="2 runs side by side")).to_be_visible()
