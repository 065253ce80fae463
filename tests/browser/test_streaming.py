"""A page that follows a job which prints and prints: nothing keeps its main thread for long."""

import json
from pathlib import Path

import pytest
from nbformat import writes
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, expect
from tests.browser.test_smoke import (  # noqa: F401
    CHROMIUM,
    JupyterLab,
    browser,
    jupyterlab,
    page,
    section,
    sidebar,
)

from labline.lab import Lab

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
#: milliseconds of a task that a person feels, and how many times that on a machine that is busy
FELT, BUSY = 100, 3
LONG = 600_000
CELLS = 20
#: kept by the page: what the browser itself counts as long, from when it is told to
OBSERVER = """
window.longTasks = [];
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) {
    window.longTasks.push([Math.round(entry.startTime), Math.round(entry.duration)]);
  }
}).observe({ type: 'longtask' });
"""


def write_chatter(path: Path, lines: int) -> None:
    """Write a notebook that prints so many lines, in cells, so that progress moves too."""
    each = lines // CELLS
    cells = [
        new_code_cell(
            f"for n in range({each * cell}, {each * (cell + 1)}):\n"
            "    print(f'epoch {n:7d}  loss 0.{n * 7919 % 100000:05d}')"
        )
        for cell in range(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "python3", "language": "python"}
    path.write_text(writes(new_notebook(cells=cells, metadata={"kernelspec": kernel})))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("lines", "most"),
    [(20_000, FELT * BUSY), pytest.param(1_000_000, FELT, marks=pytest.mark.proof)],
)
def test_no_task_is_long_while_a_job_streams(
    lines: int,
    most: int,
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    jupyterlab.set_theme("Light")
    write_chatter(jupyterlab.root / "chatter.ipynb", lines)
    page.goto(jupyterlab.fresh)
    page.get_by_role("tab", name="Labline").click()
    jobs = section(sidebar(page), "Jobs")
    with Lab.from_(jupyterlab.root).worker():
        lab = Lab.from_(jupyterlab.root)
        job = lab.jobs.submit(jupyterlab.root / "chatter.ipynb")
        jobs.get_by_role("button", name="chatter.ipynb").first.click()
        log = page.get_by_role("region", name="Log")
        expect(log).to_contain_text("epoch", timeout=LONG)
        page.evaluate(OBSERVER)
        expect(page.get_by_role("status").filter(has_text="succeeded")).to_be_visible(timeout=LONG)
        expect(log).to_contain_text(f"epoch {lines - 1:7d}", timeout=LONG)
    left_out = log.get_by_text("lines are left out here")
    expect(left_out).to_contain_text(job.id)
    # Each cell has a line of its own above what it shows.
    kept = log.locator("code").evaluate_all(
        "blocks => blocks.reduce((sum, block) => sum + block.textContent.split('\\n').length, 0)"
    )
    dropped = int("".join(filter(str.isdigit, left_out.inner_text().split("lines")[0])))
    assert dropped + kept - 1 == lines + CELLS
    assert log.locator("pre").evaluate(
        "node => node.scrollHeight - node.scrollTop - node.clientHeight"
    ) < 8  # fmt: skip
    tasks = page.evaluate("window.longTasks")
    longest = max((duration for _, duration in tasks), default=0)
    print(json.dumps({"lines": lines, "over 50 ms": len(tasks), "longest": longest}))
    assert longest <= most, tasks
