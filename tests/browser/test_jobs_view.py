"""Run as Job in a real JupyterLab: the form, the job's page and what comes of it."""

import re

import pytest
from playwright.sync_api import Page, expect
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


PARAMETER = "shuffle: bool = True"
CELL = ("print(f'{name} with {alpha}, shuffled: {shuffle}')",)


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_a_notebook_is_run_as_a_job_from_a_form_and_watched(
    theme: str,
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    jupyterlab.set_theme(theme)
    write_training(jupyterlab.root / "train.ipynb", PARAMETER, *CELL)
    page.goto(jupyterlab.fresh.replace("/lab?", "/lab/tree/train.ipynb?"))
    page.get_by_role("button", name="Run this notebook as a job").click()

    dialog = page.get_by_role("dialog")
    alpha = dialog.get_by_role("textbox", name="alpha")
    expect(alpha).to_have_attribute("placeholder", "0.5")
    expect(dialog).to_contain_text("strength of the penalty")
    alpha.fill("a lot")
    expect(dialog.get_by_role("alert")).to_contain_text("“a lot” is not a number.")
    alpha.fill("0.25")
    dialog.get_by_role("checkbox", name="shuffle", exact=True).uncheck()
    dialog.get_by_text("Limits").click()
    dialog.get_by_role("textbox", name="Time").fill("soon")
    expect(dialog.get_by_text(re.compile("labline run train.ipynb .*alpha 0.25"))).to_be_visible()
    dialog.get_by_role("button", name="Run", exact=True).click()
    refusal = dialog.get_by_role("alert")
    expect(refusal).to_contain_text("soon")
    screenshot(page, f"run-as-job-refused-{theme.lower()}")

    dialog.get_by_role("textbox", name="Time").fill("1h")
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(dialog).to_be_hidden()
    log = page.get_by_role("region", name="Log")
    expect(log).to_contain_text("ridge with 0.25, shuffled: False", timeout=LONG)
    expect(page.get_by_role("status").filter(has_text="succeeded")).to_be_visible(timeout=LONG)
    expect(page.get_by_role("button", name="Open Output Notebook")).to_be_visible()
    screenshot(page, f"job-succeeded-{theme.lower()}")
    job = Lab.from_(jupyterlab.root).jobs.list(limit=1)[0]
    assert dict(job.parameters) == {"alpha": 0.25, "shuffle": False}
