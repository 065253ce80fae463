"""The magics in an IPython shell of this process, with a real MLflow database."""

# ruff: noqa: F811 - pytest passes fixtures by their names

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbformat.v4 import new_code_cell, new_notebook, writes
from tests.integration.shells import (  # noqa: F401
    Cell,
    last,
    project,
    recording,
    run,
    shell,
    tracking,
)

from labline import load_ipython_extension
from labline.kernel import finish, recorder
from labline.tracking import Tracking
from labline.tracking.publisher import waiting


def test_a_recorded_cell_is_a_run(run: Cell, tracking: Tracking) -> None:
    run("base = 2")
    value = run("%%record --run first\nauc = base / 4\n%log auc\nauc", cell_id="abc")
    assert value == 0.5
    found = last(tracking)
    assert (found.name, found.status, dict(found.metrics)) == ("first", "FINISHED", {"auc": 0.5})
    kept = recording(tracking, found)
    assert [cell["source"] for cell in kept["earlier"]] == ["base = 2"]
    (cell,) = kept["cells"]
    assert cell["source"].startswith("%%record --run first\n")
    assert (cell["outcome"], cell["cell_id"], cell["number"]) == ("ok", "abc", 1)
    assert cell["duration"] > 0
    assert cell["peak_memory"] > 1_000_000
    assert len(cell["outputs_digest"]) == 64
    notebook = tracking.read_json(found.id, "labline/notebook.ipynb")
    assert [c["source"] for c in notebook["cells"]] == ["base = 2", cell["source"]]
    packages = tracking.read_json(found.id, "labline/environment.json")["packages"]
    assert "ipython" in packages
    assert recorder().status.run_id == found.id  # type: ignore[union-attr]


def test_a_recorded_cell_that_raises_is_a_failed_run_and_poisons_nothing(
    run: Cell, tracking: Tracking
) -> None:
    run("%%record --run bad\n%log auc=0.1\n1 / 0", fails=ZeroDivisionError)
    bad = last(tracking)
    assert (bad.name, bad.status) == ("bad", "FAILED")
    assert recording(tracking, bad)["cells"][0]["error"] == "ZeroDivisionError: division by zero"
    run("%%record --run good\n%log auc=0.2")
    assert (last(tracking).name, last(tracking).status) == ("good", "FINISHED")
    assert tracking.run(bad.id).status == "FAILED"
    run("%%record --run worse\n%log auc=0.2\nthis is no python", fails=SyntaxError)
    assert not recorder().status.active  # type: ignore[union-attr]
    run("%%record --run interrupted\nraise KeyboardInterrupt", fails=KeyboardInterrupt)
    assert (last(tracking).name, last(tracking).status) == ("interrupted", "FAILED")


def test_a_recorded_cell_is_an_ordinary_cell(run: Cell, shell: InteractiveShell) -> None:
    assert run("%%record\nimport asyncio\nawait asyncio.sleep(0)\n'awaited'") == "awaited"
    run("%%record\n%%time\nx = 17")
    assert run("%%time\n%%record\ny = x + 1") is None
    assert shell.user_ns["y"] == 18
    shell.run_cell_magic("record", "--run by-hand", "z = y")
    assert shell.user_ns["z"] == 18
    run("pass")
    assert recorder().status.name == "by-hand"  # type: ignore[union-attr]


def test_a_whole_notebook_is_recorded_between_on_and_off(run: Cell, tracking: Tracking) -> None:
    status = run("%record on --experiment notebooks --run whole\n%record status")
    assert (status.active, status.experiment, status.name) == (True, "notebooks", "whole")
    run("a = 1")
    run("a.b", fails=AttributeError)
    run("%%record\n%log a")
    run("%record on")
    run("%record on --experiment elsewhere", fails="AlreadyRecording")
    ended = run("%record off")
    assert (ended.experiment, ended.status, dict(ended.metrics)) == (
        "notebooks",
        "FINISHED",
        {"a": 1.0},
    )
    cells = recording(tracking, ended)["cells"]
    assert [cell["number"] for cell in cells] == list(range(1, 7))
    assert cells[0]["source"].startswith("%record on")
    assert cells[2]["outcome"] == "error"
    assert run("%record off").active is False
    assert run("%record status").run_id == ended.id


def test_cells_run_by_a_cell_are_part_of_it(run: Cell, tracking: Tracking) -> None:
    run("%record on --experiment nested")
    run("get_ipython().run_cell('inner = 1')\n ")
    run("")
    ended = run("%record off")
    sources = [cell["source"] for cell in recording(tracking, ended)["cells"]]
    assert sources == ["%record on --experiment nested", "get_ipython().run_cell('inner = 1')\n "]


def test_the_notebook_is_known_and_kept(
    run: Cell, tracking: Tracking, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "nb" / "train.ipynb"
    path.parent.mkdir()
    sources = ("first = 1", "%%record --experiment nb\nsecret = 1\n%log first", "later = 2")
    path.write_text(writes(new_notebook(cells=[new_code_cell(source) for source in sources])))
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    run(sources[0])
    run(sources[1])
    found = last(tracking, "nb")
    assert found.notebook == "nb/train.ipynb"
    notebook = tracking.read_json(found.id, "labline/notebook.ipynb")
    assert [cell["source"] for cell in notebook["cells"]] == list(sources[:2])
    assert recording(tracking, found)["notebook_complete"] is True
    run(f"%record on --experiment nb --notebook {path}")
    run("not_saved = 1")
    whole = run("%record off")
    assert len(tracking.read_json(whole.id, "labline/notebook.ipynb")["cells"]) == 3
    assert recording(tracking, whole)["notebook_complete"] is False


def test_secrets_reach_neither_disk_nor_mlflow(
    run: Cell, tracking: Tracking, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAULT_TOKEN", "opensesame123")
    run("password = 'hunter2-a'")
    run(
        "%%record --experiment secrets\n"
        "url = 'postgres://me:hunter2-b@db/x'\n"
        "print('opensesame123')\n"
        "%log --params api_key=hunter2-c url --data __import__('pandas').DataFrame({'a':[1]})\n"
        "raise ValueError('token=hunter2-d')",
        fails=ValueError,
    )
    for path in (project / ".labline").rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"hunter2" not in content, path
            assert b"opensesame123" not in content, path
    assert last(tracking, "secrets").params["url"] == "postgres://me:***@db/x"


def test_runs_come_as_a_frame(run: Cell, capsys: pytest.CaptureFixture[str]) -> None:
    empty = run("%runs --experiment nowhere")
    assert isinstance(empty, pd.DataFrame)
    assert len(empty) == 0
    for auc in (0.5, 0.7, 0.6):
        run(f"%%record --experiment ranked --run r{auc}\n%log auc={auc} --params C={auc}")
    run("%%record --experiment ranked --run without\npass")
    frame = run("%runs --experiment ranked")
    assert list(frame["name"]) == ["without", "r0.6", "r0.7", "r0.5"]
    assert {"run", "status", "started", "metrics.auc", "params.C"} <= set(frame.columns)
    ranked = run("%runs --experiment ranked --metric auc")
    assert list(ranked["name"]) == ["r0.7", "r0.6", "r0.5"]
    run("%runs --experiment ranked --metric acu", fails="BadUsage")


def test_without_a_server_it_is_recorded_locally_and_published_later(
    run: Cell,
    tracking: Tracking,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
        started = time.monotonic()
        run("%%record --experiment away --run stranded\n%log auc=0.5")
        assert time.monotonic() - started < 20
        shown = capsys.readouterr().out
        assert "Recorded locally; will be published" in shown
        assert "labline runs publish" in shown
        assert "Traceback" not in shown
    assert len(waiting(project / ".labline" / "recordings")) == 1
    run("%%record --experiment away --run next\n%log auc=0.6")
    runs = {item.name: dict(item.metrics) for item in tracking.runs("away")}
    assert runs == {"stranded": {"auc": 0.5}, "next": {"auc": 0.6}}
    assert waiting(project / ".labline" / "recordings") == []


def test_what_is_logged_is_seen_before_the_recording_ends(
    run: Cell, tracking: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labline.kernel.publishing._PAUSE", 0.05)
    tracking.ping()
    run("import mlflow\n%record on --experiment watched")
    run("%log loss=1.0")
    deadline = time.monotonic() + 60
    while not (seen := tracking.runs("watched")) or not seen[0].metrics:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (seen[0].status, dict(seen[0].metrics)) == ("RUNNING", {"loss": 1.0})
    run("%log loss=0.5")
    ended = run("%record off")
    assert (ended.id, ended.status, dict(ended.metrics)) == (seen[0].id, "FINISHED", {"loss": 0.5})


def test_a_job_records_into_its_run_and_ends_it_itself(
    run: Cell, tracking: Tracking, shell: InteractiveShell, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = tracking.create_run("jobs", "the job")
    monkeypatch.setenv("LABLINE_RUN_ID", job.id)
    monkeypatch.setenv("LABLINE_EXPERIMENT", "jobs")
    load_ipython_extension(shell)
    assert recorder().status.run_id == job.id  # type: ignore[union-attr]
    run("%record on --experiment mine --run mine")
    run("%log auc=0.5 --params C=1")
    run("%record off")
    run("%%record --run another\n%log loss=2 --params C=2")
    ended = finish()
    assert ended is not None
    assert ended.problem is None
    assert finish() is None
    from labline.kernel.publishing import main

    main(Path.cwd())
    done = tracking.run(job.id)
    assert (done.name, done.status) == ("the job", "RUNNING")
    assert (dict(done.metrics), dict(done.params)) == ({"auc": 0.5, "loss": 2.0}, {"C": "1"})
    assert [item.id for item in tracking.runs("jobs")] == [job.id]
    assert len(recording(tracking, done)["cells"]) == 4


@pytest.mark.parametrize(
    "line", ["submit", "promote best:auc --to staging --yes", "approve 1f0c8a6d", "deploy churn"]
)
def test_a_replay_has_no_effects(
    run: Cell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], line: str
) -> None:
    monkeypatch.setenv("LABLINE_KIND", "replay")
    assert run(f"%{line}") is None
    assert "does nothing in a replay" in capsys.readouterr().out


def test_every_magic_helps(run: Cell, capsys: pytest.CaptureFixture[str]) -> None:
    for name in (
        "record",
        "log",
        "runs",
        "submit",
        "jobs",
        "promote",
        "approve",
        "deploy",
        "rollback",
    ):
        run(f"%{name} --help")
        assert f"example: %{name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("record maybe", "%record"),
        ("runs --limit many", "%runs --metric auc"),
        ("submit --sweep C", "--sweep C=0.1"),
        ("promote best:auc", "%promote best:auc --to staging"),
        ("deploy", "%deploy churn@prod"),
        ("rollback", "%rollback churn"),
    ],
)
def test_bad_usage_names_a_right_call(run: Cell, line: str, says: str, project: Path) -> None:
    (project / "x.ipynb").write_text(writes(new_notebook()))
    error = run(f"%{line}" + (" x.ipynb" if line.startswith("submit") else ""), fails="BadUsage")
    assert says in error.fix


def test_recording_a_cell_costs_far_below_two_milliseconds(
    run: Cell, shell: InteractiveShell
) -> None:
    watcher = recorder()
    assert watcher is not None
    run("%record on --experiment cost")
    spent: list[float] = []

    def timed(call: Callable[[Any], None], argument: Any) -> float:
        started = time.perf_counter()
        call(argument)
        return time.perf_counter() - started

    before, after = watcher._before, watcher._after
    events = shell.events
    events.unregister("pre_run_cell", before)
    events.unregister("post_run_cell", after)
    first = lambda info: spent.append(timed(before, info))  # noqa: E731
    second = lambda result: spent.append(spent.pop() + timed(after, result))  # noqa: E731
    events.register("pre_run_cell", first)
    events.register("post_run_cell", second)
    for number in range(200):
        run(f"x = {number}\nx")
    for name, mine, its in (
        ("pre_run_cell", first, before),
        ("post_run_cell", second, after),
    ):
        events.unregister(name, mine)
        events.register(name, its)
    assert statistics.median(spent) < 0.0005


def test_a_run_is_named_as_its_notebook_where_it_has_no_name(
    run: Cell, tracking: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = Path.cwd() / "penguins.ipynb"
    book.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    monkeypatch.setenv("JPY_SESSION_NAME", str(book))
    run("%%record\na = 1")
    assert last(tracking).name == "penguins"
