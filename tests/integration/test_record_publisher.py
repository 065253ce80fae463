"""Journals find their way into a real MLflow, once, whatever happens in between."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from sklearn.linear_model import Ridge

from labline.errors import NotFound, Unreachable
from labline.kernel.journal import Journal
from labline.kernel.notebook import built
from labline.tracking import Tracking, models
from labline.tracking.publisher import NotAllPublished, publish, publish_all, waiting
from labline.tracking.recording import Recording

STARTED = 1_700_000_000.0
ROWS = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})


@pytest.fixture(scope="module")
def tracking(tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    state = tmp_path_factory.mktemp("state")
    return Tracking(f"sqlite:///{state}/mlflow.db", state / "artifacts")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


def write(folder: Path, name: str, *events: dict[str, Any], **start: Any) -> Path:
    """Write a journal as the recorder does; `events` come a second apart."""
    process = psutil.Process()
    first = {
        "event": "start",
        "recording": name,
        "experiment": name,
        "name": "",
        "run_id": None,
        "notebook": None,
        "user": "me",
        "host": socket.gethostname(),
        "process": process.pid,
        "process_started": process.create_time(),
        **start,
    }
    journal = Journal(folder / f"{name}.jsonl")
    for second, event in enumerate((first, *events)):
        journal.put({"at": STARTED + second, **event})
    journal.close()
    return journal.path


def everything(folder: Path, name: str) -> Path:
    model = folder / f"{name}.models" / "1" / "ridge"
    models.save(Ridge().fit(ROWS, [1, 2, 3]), model, example=ROWS, requirements=["scikit-learn"])
    columns = [{"name": "a", "dtype": "float64", "nulls": 0}]
    data = {"name": "X", "digest": "d" * 64, "rows": 3, "columns": columns, "source": "memory"}
    cell = {"number": 1, "source": "x", "outcome": "ok", "duration": 0.5, "started": STARTED}
    return write(
        folder,
        name,
        {"event": "earlier", "cells": [{"source": "import this", "outcome": "ok"}]},
        {"event": "git", "commit": "c0ffee", "branch": "trunk", "dirty": True},
        {"event": "running", "number": 1, "source": "x"},
        {"event": "metrics", "values": {"auc": 0.9, "loss": 2.0}},
        {"event": "metrics", "values": {"auc": 0.5, "gap": float("nan")}},
        {"event": "params", "values": {"C": "1"}},
        {"event": "dataset", **data},
        {"event": "model", "name": "ridge", "folder": f"{name}.models/1/ridge"},
        {"event": "execution", **cell},
        {"event": "environment", "python": "3", "platform": "x", "packages": {"numpy": "2"}},
        {"event": "notebook", "document": built(["x"]), "complete": True},
        {"event": "end", "status": "FINISHED"},
        notebook="nb/train.ipynb",
    )


def test_a_recording_becomes_a_run(folder: Path, tracking: Tracking) -> None:
    journal = everything(folder, "whole")
    run = publish(journal, tracking)
    assert (run.status, run.started, run.ended) == ("FINISHED", STARTED, STARTED + 12)
    assert run.metrics["auc"] == 0.5, "the value logged last"
    assert run.metrics["gap"] != run.metrics["gap"]
    assert dict(run.params) == {"C": "1"}
    assert run.notebook == "nb/train.ipynb"
    assert run.tags["mlflow.source.git.commit"] == "c0ffee"
    assert run.tags["labline.git.dirty"] == "true"
    assert run.tags["mlflow.source.name"] == "nb/train.ipynb"
    assert run.tags["labline.recording"] == "whole"
    assert run.tags["mlflow.user"] == "me"
    assert run.model_uri
    recording = tracking.read_json(run.id, "labline/recording.json")
    assert recording["cells"][0]["source"] == "x"
    assert recording["earlier"][0]["source"] == "import this"
    assert recording["datasets"][0]["digest"] == "d" * 64
    assert recording["git"]["dirty"] is True
    assert tracking.read_json(run.id, "labline/environment.json")["packages"] == {"numpy": "2"}
    assert tracking.read_json(run.id, "labline/notebook.ipynb")["cells"][0]["source"] == "x"


def test_a_published_journal_is_put_away_and_published_once(
    folder: Path, tracking: Tracking
) -> None:
    journal = everything(folder, "away")
    run = publish(journal, tracking)
    assert sorted(path.name for path in folder.iterdir()) == ["published"]
    assert publish(journal, tracking).id == run.id
    assert publish_all(folder, tracking) == []
    assert len(tracking.runs("away")) == 1


def test_whoever_goes_on_after_a_crash_repeats_nothing(
    folder: Path, tracking: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = everything(folder, "crash")

    def crash(*_: Any) -> None:
        raise KeyboardInterrupt

    for step in ("attach_model", "log_text", "end_run"):
        with monkeypatch.context() as patch:
            patch.setattr(Tracking, step, crash)
            with pytest.raises(KeyboardInterrupt):
                publish(journal, tracking)
    run = publish(journal, tracking)
    assert [item.id for item in tracking.runs("crash")] == [run.id]
    assert len(tracking.client.get_metric_history(run.id, "auc")) == 2
    assert len(tracking.client.get_run(run.id).outputs.model_outputs) == 1


def test_a_run_made_just_before_the_crash_is_found_again(
    folder: Path, tracking: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = write(folder, "made", {"event": "end", "status": "FINISHED"})
    with monkeypatch.context() as patch:
        patch.setattr("labline.tracking.publisher._append", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            publish(journal, tracking)
    publish(journal, tracking)
    assert len(tracking.runs("made")) == 1


def test_a_running_recording_is_published_as_far_as_it_is(folder: Path, tracking: Tracking) -> None:
    journal = write(folder, "live", {"event": "metrics", "values": {"auc": 0.5}})
    run = publish(journal, tracking)
    assert (run.status, dict(run.metrics)) == ("RUNNING", {"auc": 0.5})
    assert publish_all(folder, tracking) == []
    with journal.open("a") as stream:
        for n, event in ((3, {"event": "metrics", "values": {"auc": 0.6}}), (4, {"event": "end"})):
            line = {"n": n, "at": STARTED + n, "status": "FINISHED", **event}
            stream.write(json.dumps(line) + "\n")
    assert [item.id for item in publish_all(folder, tracking)] == [run.id]
    assert tracking.run(run.id).status == "FINISHED"
    assert dict(tracking.run(run.id).metrics) == {"auc": 0.6}


def test_half_a_line_at_the_end_is_passed_over(folder: Path, tracking: Tracking) -> None:
    journal = write(folder, "torn", {"event": "metrics", "values": {"auc": 0.5}}, process=2**22)
    with journal.open("a") as stream:
        stream.write('{"n": 3, "at": 17, "event": "met')
    run = publish(journal, tracking)
    assert (run.status, dict(run.metrics)) == ("KILLED", {"auc": 0.5})


def test_a_recording_whose_kernel_is_gone_was_killed(folder: Path, tracking: Tracking) -> None:
    write(folder, "gone", {"event": "metrics", "values": {"auc": 0.5}}, process=2**22)
    write(folder, "reused", process_started=1.0)
    write(folder, "busy")
    assert [path.stem for path in waiting(folder)] == ["gone", "reused"]
    killed = publish_all(folder, tracking)
    assert {run.experiment: run.status for run in killed} == {"gone": "KILLED", "reused": "KILLED"}
    assert killed[0].ended == STARTED + 1
    assert [path.name for path in folder.glob("*.jsonl")] == ["busy.jsonl"]


def test_a_jobs_run_is_joined_and_left_to_the_job(folder: Path, tracking: Tracking) -> None:
    job = tracking.create_run("jobs", "the job", params={"C": 1})
    journal = write(
        folder,
        "joined",
        {"event": "metrics", "values": {"auc": 0.5}},
        {"event": "end", "status": "FINISHED"},
        run_id=job.id,
    )
    run = publish(journal, tracking)
    assert (run.id, run.name, run.status) == (job.id, "the job", "RUNNING")
    assert dict(run.metrics) == {"auc": 0.5}
    assert not journal.exists()


def test_two_processes_at_once_publish_each_recording_once(
    folder: Path, tracking: Tracking
) -> None:
    tracking.ping()
    for number in range(6):
        write(folder, f"both-{number}", {"event": "end", "status": "FINISHED"}, experiment="both")
    program = (
        "import sys; from pathlib import Path; from labline.tracking import Tracking;"
        "from labline.tracking.publisher import publish_all;"
        "print(len(publish_all(Path(sys.argv[1]), Tracking(sys.argv[2], Path(sys.argv[3])))))"
    )
    place = [str(folder), tracking.uri, str(folder.parent / "artifacts")]
    both = [
        subprocess.Popen([sys.executable, "-c", program, *place], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    done = [int(process.communicate(timeout=200)[0]) for process in both]
    assert sum(done) == 6
    assert len(tracking.runs("both")) == 6


@pytest.mark.parametrize("answers", [False, True], ids=["closed", "silent"])
def test_a_server_that_is_away_is_told_within_seconds_and_nothing_is_lost(
    folder: Path, tmp_path: Path, answers: bool
) -> None:
    journal = everything(folder, "later")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if answers:
            server.listen()
        away = Tracking(f"http://127.0.0.1:{server.getsockname()[1]}", tmp_path)
        started = time.monotonic()
        with pytest.raises(Unreachable):
            publish(journal, away)
        if not answers:
            with pytest.raises(Unreachable):
                publish_all(folder, away)
    assert time.monotonic() - started < 30
    assert Recording.read(journal).ended
    assert waiting(folder) == [journal]


def test_one_bad_journal_does_not_hold_up_the_others(folder: Path, tracking: Tracking) -> None:
    write(folder, "a-bad", {"event": "end", "status": "FINISHED"}, run_id="0" * 32)
    (folder / "b-worse.jsonl").write_text("no journal\n")
    write(folder, "c-good", {"event": "end", "status": "FINISHED"})
    with pytest.raises(NotAllPublished, match="a-bad, b-worse"):
        publish_all(folder, tracking)
    assert len(tracking.runs("c-good")) == 1


def test_what_mlflow_will_never_take_is_told_and_passed_over(
    folder: Path, tracking: Tracking
) -> None:
    journal = write(
        folder,
        "refused",
        {"event": "params", "values": {"a?b": "1"}},
        {"event": "metrics", "values": {"auc": 0.5}},
        {"event": "end", "status": "FINISHED"},
    )
    run = publish(journal, tracking)
    assert dict(run.metrics) == {"auc": 0.5}
    assert "a?b" in run.tags["labline.problem"]


def test_fifty_published_journals_are_kept(folder: Path, tracking: Tracking) -> None:
    kept = folder / "published"
    kept.mkdir(parents=True)
    for number in range(60):
        (kept / f"0-{number:02}.jsonl").write_text("")
    publish(write(folder, "newest", {"event": "end", "status": "FINISHED"}), tracking)
    assert len(list(kept.iterdir())) == 50
    assert (kept / "newest.jsonl").exists()


def test_a_recording_that_is_not_there_is_not_found(folder: Path, tracking: Tracking) -> None:
    with pytest.raises(NotFound):
        publish(folder / "nothing.jsonl", tracking)
    assert publish_all(folder, tracking) == []
    assert list(folder.parent.iterdir()) == []
