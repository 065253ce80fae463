"""A worker that is killed with SIGKILL, really."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labline.database import Database
from labline.records import JobStatus
from labline.settings import Settings
from labline.workflows import Workflows
from labline.workflows.workers import Workers

WORKER = """
import sys, time
from pathlib import Path
from labline.database import Database
from labline.settings import Settings
from labline.workflows import Workflows

settings = Settings.load(sys.argv[1])
name = sys.argv[2]
notes = settings.root / "notes"

def note(text):
    with notes.open("a") as file:
        file.write(f"{text} by {name}\\n")

def body(flow, payload):
    flow.step("first", lambda: note("first"))
    flow.publish("half", True)
    if not (settings.root / "go").exists():
        time.sleep(200)
    flow.step("second", lambda: note("second"))
    return "done"

workflows = Workflows(settings, Database(settings.database))
workflows.register("two", body, queue="promotions")
with workflows.executor(heartbeat=name.startswith("worker")):
    print("up", flush=True)
    time.sleep(200)
"""


@pytest.fixture
def project(tmp_path, monkeypatch) -> Settings:
    monkeypatch.delenv("LABLINE_DATABASE_URL", raising=False)
    (tmp_path / "labline.toml").write_text("")
    return Settings.load(tmp_path)


@pytest.fixture
def workflows(project):
    made = Workflows(project, Database(project.database))
    made.register("two", lambda flow, payload: None, queue="promotions")
    yield made
    made.close()


@pytest.fixture
def start(project):
    started: list[subprocess.Popen[str]] = []

    def start(name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", WORKER, str(project.root), name]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def notes(project: Settings) -> list[str]:
    return Path(project.root / "notes").read_text().splitlines()


@pytest.mark.parametrize("second", ["worker-2", "embedded-2"])
def test_the_next_executor_carries_on_without_repeating_what_was_done(
    project, workflows, start, second
):
    first = start("worker-1")
    id = workflows.submit("two", {})
    until(lambda: workflows.events(id))
    assert workflows.has_worker()
    first.send_signal(signal.SIGKILL)
    first.wait()
    assert not workflows.has_worker()
    assert workflows.state(id).status == JobStatus.RUNNING
    (project.root / "go").touch()
    start(second)
    assert workflows.wait(id, timeout=60).result == "done"
    assert notes(project) == ["first by worker-1", f"second by {second}"]


def test_a_worker_that_was_there_takes_over_from_a_killed_embedded_executor(
    project, workflows, start
):
    embedded = start("embedded-1")
    id = workflows.submit("two", {})
    until(lambda: workflows.events(id))
    start("worker-1")
    (project.root / "go").touch()
    embedded.send_signal(signal.SIGKILL)
    embedded.wait()
    assert workflows.wait(id, timeout=60).result == "done"
    assert notes(project) == ["first by embedded-1", "second by worker-1"]


def test_a_live_executor_keeps_its_work_when_another_starts(project, workflows, start):
    start("worker-1")
    id = workflows.submit("two", {})
    until(lambda: workflows.events(id))
    start("embedded-1")
    time.sleep(1.5)
    assert workflows.state(id).status == JobStatus.RUNNING
    assert notes(project) == ["first by worker-1"]


def test_a_process_that_was_given_a_dead_workers_pid_is_not_that_worker(project):
    workers = Workers(Database(project.database))
    mine = workers.enter(worker=True)
    assert workers.alive() == {mine}
    with Database(project.database).writing() as connection:
        # As if another process had written the row long before this one began.
        connection.exec_driver_sql("UPDATE workers SET id = replace(id, '-', '-1-')")
    assert len(workers.dead()) == 1
