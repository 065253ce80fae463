"""The sidebar over a project that is large, that changes, and whose server goes away."""

import importlib
import re
import sqlite3
from pathlib import Path

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect
from tests.browser.test_smoke import (  # noqa: F401
    CHROMIUM,
    JupyterLab,
    browser,
    jupyterlab,
    open_sidebar,
    page,
    record_a_run,
    screenshot,
    section,
)
from tests.conftest import write_notebook

from labline.lab import Lab

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
NEVER = 3600
COUNTS = [300, pytest.param(10_000, marks=pytest.mark.proof)]


def test_what_changes_is_told_and_not_asked_for(page: Page, jupyterlab: JupyterLab) -> None:  # noqa: F811
    jupyterlab.set("labline/plugin", refreshInterval=NEVER)
    with page.expect_websocket(lambda socket: "/labline/api/events" in socket.url) as opened:
        panel = section(open_sidebar(page, jupyterlab.fresh), "Runs")
    expect(panel.get_by_text("No run is recorded yet.")).to_be_visible()
    record_a_run(jupyterlab.root, "told of")
    expect(panel.get_by_text("told of")).to_be_visible()
    assert not opened.value.is_closed()


def test_a_socket_that_is_refused_is_made_up_for_by_asking(
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    jupyterlab.set("labline/plugin", refreshInterval=1)
    refused: list[WebSocketRoute] = []

    def refuse(socket: WebSocketRoute) -> None:
        refused.append(socket)
        socket.close(code=1008, reason="Not here.")

    page.route_web_socket(re.compile("/labline/api/events"), refuse)
    panel = section(open_sidebar(page, jupyterlab.fresh), "Runs")
    record_a_run(jupyterlab.root, "asked for")
    expect(panel.get_by_text("asked for")).to_be_visible()
    assert refused


def seed_jobs(lab: Lab, notebook: Path, count: int) -> None:
    """Queue so many jobs, the last with n = 0: one as it is done, the others as copies of it."""
    from dbos._serialization import DefaultSerializer

    id, pickled = lab.jobs.submit(notebook, {"n": 0}).id, DefaultSerializer()
    database = sqlite3.connect(str(lab.database.url.database))
    (given,) = database.execute("SELECT inputs FROM workflow_input WHERE workflow_uuid = ?", [id])
    first, at = pickled.deserialize(given[0])["args"]
    others = []
    for n in range(1, count):
        payload = {**first, "parameters": {"n": n}}
        inputs = pickled.serialize({"args": (payload, at + n), "kwargs": {}})
        others.append(
            (f"{id}{n:06d}", int((at + n) * 1000), f'{{"said": "many.ipynb n={n}"}}', inputs)
        )
    names = [row[1] for row in database.execute("PRAGMA table_info(workflow_status)")]
    own = {"workflow_uuid": "?", "created_at": "?", "attributes": "?"}
    values = ", ".join(own.get(name, name) for name in names)
    places = [
        ("workflow_uuid", "created_at", "attributes").index(name) for name in names if name in own
    ]
    with database:
        database.executemany(
            f"INSERT INTO workflow_status SELECT {values} FROM workflow_status "
            f"WHERE workflow_uuid = '{id}'",
            [[other[place] for place in places] for other in others],
        )
        database.executemany(
            "INSERT INTO workflow_input VALUES (?, ?, ?)",
            [(other[0], other[3], other[1]) for other in others],
        )
    database.close()


@pytest.mark.parametrize("count", COUNTS)
def test_all_of_many_jobs_are_scrolled_and_the_oldest_is_found(
    count: int,
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
) -> None:
    notebook = write_notebook(jupyterlab.root / "many.ipynb", "print(n)", parameters="n = -1")
    seed_jobs(Lab.from_(jupyterlab.root), notebook, count)
    jupyterlab.set_theme("Light")
    panel = section(open_sidebar(page, jupyterlab.fresh), "Jobs")
    panel.get_by_role("button", name="Show all").click()
    rows = panel.get_by_role("listitem")
    whole = panel.get_by_role("region", name=re.compile("^All "))
    whole.focus()
    page.keyboard.press("End")
    expect(panel.get_by_text("queued · n=0", exact=True)).to_be_visible()
    assert rows.count() < 60
    page.get_by_role("searchbox", name="Filter runs").fill("n=0")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("n=0")
    screenshot(page, "sidebar-many-jobs")
    page.get_by_role("searchbox", name="Filter runs").fill("no such job")
    expect(panel.get_by_text("None fits the filter.")).to_be_visible()


@pytest.mark.parametrize("count", COUNTS)
def test_all_of_many_runs_are_scrolled_filtered_and_never_all_drawn(
    count: int,
    page: Page,  # noqa: F811
    jupyterlab: JupyterLab,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "benchmarks"))
    importlib.import_module("bench_runs").seed(Lab.from_(jupyterlab.root), count)
    jupyterlab.set_theme("Light")
    panel = section(open_sidebar(page, jupyterlab.fresh), "Runs")
    panel.get_by_role("button", name="Show all").click()
    rows = panel.get_by_role("listitem")
    whole = panel.get_by_role("region", name=re.compile("^All "))
    whole.focus()
    page.keyboard.press("End")
    expect(panel.get_by_text("run 0", exact=True)).to_be_visible()
    assert rows.count() < 60
    screenshot(page, "sidebar-many-runs")

    page.get_by_role("searchbox", name="Filter runs").fill("run 77")
    expect(rows.first).to_contain_text("run 77")
    expect(panel.get_by_role("checkbox", name="Choose run 1 for")).to_be_hidden()
    screenshot(page, "sidebar-filtered")
    page.get_by_role("searchbox", name="Filter runs").fill("metrics.auc >>> 2")
    expect(panel.get_by_role("alert")).to_contain_text("metrics.auc >>> 2")
    screenshot(page, "sidebar-filter-refused")
    page.get_by_role("searchbox", name="Filter runs").fill("no such run")
    expect(panel.get_by_text("None fits the filter.")).to_be_visible()
