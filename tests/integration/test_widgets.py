"""Widgets show what is in the stores, in a real kernel and in plain objects."""

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from tests.jobs import until

from labline.errors import BadInput, NotFound
from labline.lab import Lab
from labline.notebooks import html
from labline.widgets import DeployPanel, JobProgress, PromoteButton, RunTable

VIEW = "application/vnd.jupyter.widget-view+json"
HOSTILE = "<script>alert(1)</script>" + "\u202egnp.exe" + "\U0001f680" * 3 + "n" * 500


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    (tmp_path / "labline.toml").write_text('[project]\nname = "churn"\n[stages.staging]\n')
    return Lab.from_(tmp_path)


def test_a_table_of_runs_follows_the_store_until_it_is_closed(lab: Lab) -> None:
    table = RunTable(lab=lab, period=0.05)
    assert "No runs yet" in repr(table)
    run = lab.tracking.create_run("churn", HOSTILE)
    lab.tracking.log_metrics(run.id, {"auc": 0.75})
    until(lambda: "0.75" in repr(table))
    html = table._repr_mimebundle_()["text/html"]
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    table.close()
    until(lambda: not table._watching.is_alive())


def test_what_was_logged_stands_before_what_fit_noted(lab: Lab) -> None:
    run = lab.tracking.create_run("churn", "ridge")
    lab.tracking.log_metrics(run.id, {"Ridge.training_score": 0.9, "mae": 3.0, "r2": 0.8})
    shown = [repr(RunTable(sort=sort, lab=lab)) for sort in ("-started", "-metrics.r2")]
    heads = [re.findall(r"training_score|mae|r2", each.split("\n")[1]) for each in shown]
    assert heads == [["mae", "r2", "training_score"], ["r2", "mae", "training_score"]]


def test_a_job_is_shown_to_its_end_and_can_be_cancelled(lab: Lab, tmp_path: Path) -> None:
    nbformat.write(new_notebook(cells=[new_code_cell("1")]), tmp_path / "a.ipynb")
    job = lab.jobs.submit(tmp_path / "a.ipynb")
    progress = JobProgress(job.id, lab=lab, period=0.05)
    assert "queued" in repr(progress)
    progress._cancel.click()
    until(lambda: not progress._watching.is_alive())
    assert "cancelled" in progress._repr_mimebundle_()["text/html"]
    assert progress._bar.bar_style == "warning"


def test_a_promotion_wants_two_clicks_and_shows_why_it_failed(lab: Lab) -> None:
    button = PromoteButton("best:auc", "staging", lab=lab, period=0.05)
    button.button.click()
    assert button.promotion is None
    assert button.button.description == "Yes, promote"
    button.back.click()
    assert button.button.description == "Promote"
    button.button.click()
    button.button.click()
    assert button.promotion is not None
    assert button.button.disabled
    until(lambda: "failed" in repr(button), 120)
    until(lambda: not button.button.disabled)
    assert "churn" in repr(button)


def test_a_stage_that_is_not_there_is_told_where_the_button_is(lab: Lab) -> None:
    button = PromoteButton("best:auc", "moon", dry_run=True, lab=lab)
    button.button.click()
    assert "moon" in repr(button)
    assert not button.button.disabled


def test_a_panel_to_deploy_wants_a_model(lab: Lab) -> None:
    with pytest.raises(NotFound, match="churn"):
        DeployPanel("churn", lab=lab)


def test_in_a_notebook_without_a_front_end_a_widget_is_html_and_text(lab: Lab) -> None:
    lab.tracking.create_run("churn", "first run")
    cells = ["from labline.widgets import RunTable\ntable = RunTable()\ntable", "table.close()"]
    book = new_notebook(cells=[new_code_cell(source) for source in cells])
    NotebookClient(book, resources={"metadata": {"path": str(lab.settings.root)}}).execute()
    (shown,) = book.cells[0].outputs
    assert "first run" in shown["data"]["text/plain"]
    assert "first run" in shown["data"]["text/html"]
    assert VIEW in shown["data"]


def test_in_a_report_a_widget_needs_no_scripts(lab: Lab) -> None:
    lab.tracking.create_run("churn", "first run")
    cells = ["import ipywidgets\nfrom labline.widgets import RunTable", "table = RunTable()\ntable"]
    cells += ["table.close()\nipywidgets.IntSlider()"]
    book = new_notebook(cells=[new_code_cell(source) for source in cells])
    NotebookClient(book, resources={"metadata": {"path": str(lab.settings.root)}}).execute()
    page = html(book, "churn")
    table, slider = (cell.outputs[0]["data"] for cell in book.cells[1:])
    assert "labline runs list" in page
    assert table[VIEW]["model_id"] not in views(page)
    # What has no HTML stays what it is.
    assert slider[VIEW]["model_id"] in views(page)


def views(page: str) -> str:
    """Return what a page has scripts draw."""
    return " ".join(re.findall(f'<script type="{re.escape(VIEW)}">(.*?)</script>', page, re.S))


def test_without_a_front_end_each_tells_the_command_that_does_the_same(lab: Lab) -> None:
    button = PromoteButton("best:auc", "staging", lab=lab)
    command = "labline promote best:auc --to staging --yes"
    assert command in repr(button)
    assert command in button._repr_html_()


def test_no_job_is_no_progress(lab: Lab) -> None:
    with pytest.raises(BadInput, match="no job"):
        JobProgress([], lab=lab)
