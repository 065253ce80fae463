"""Borrowed workers that go at the wrong moment: what others queued is done all the same."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from tests.conftest import write_notebook

from labline.cli.app import labline_command
from labline.lab import Lab
from labline.records import JobStatus


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leaves_nothing_running: None) -> Lab:
    (tmp_path / "labline.toml").write_text("[kernels]\nwarm = false\n")
    monkeypatch.chdir(tmp_path)
    return Lab.from_(tmp_path)


def holds(condition: Callable[[], object], seconds: float = 90.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def workers(root: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.cmdline()[1:4] == ["-m", "labline", "worker"] and process.cwd() == str(root):
                found.append(process)
        except psutil.Error:
            continue
    return found


def test_what_is_queued_while_an_idle_worker_signs_off_is_its_own(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = lab.queue.submit(write_notebook(lab.settings.root / "one.ipynb", "1 + 1"), {})
    looks: list[bool] = []
    look = type(lab.workflows).busy

    def late(workflows: object) -> bool:
        # The worker looks for the last time; the job comes to the queue right after that.
        looks.append(look(workflows) if looks else False)
        return looks[-1]

    monkeypatch.setattr(type(lab.workflows), "busy", late)
    found = CliRunner().invoke(labline_command, ["worker", "--idle", "0.000001"])
    assert found.exit_code == 0, found.output
    assert lab.jobs.get(job.id).status is JobStatus.SUCCEEDED
    assert not lab.workflows.has_worker()


def test_work_that_was_asked_for_and_left_outlives_its_worker(lab: Lab) -> None:
    root = lab.settings.root
    source = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.05)"
    job = lab.queue.submit(write_notebook(root / "waits.ipynb", source), {})
    lab.errands.see_to([job.id])
    assert holds(lambda: lab.jobs.get(job.id).status is JobStatus.RUNNING)
    [worker] = workers(root)
    worker.kill()
    (root / "go").touch()
    assert holds(lambda: lab.jobs.get(job.id).status is JobStatus.SUCCEEDED)
    assert holds(lambda: not workers(root), 30.0)


def test_who_stops_waiting_for_a_job_is_told_that_it_goes_on_and_it_does(lab: Lab) -> None:
    root = lab.settings.root
    source = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(0.05)"
    write_notebook(root / "waits.ipynb", source)
    command = [sys.executable, "-m", "labline", "run", "waits.ipynb"]
    asked = subprocess.Popen(command, cwd=root, stderr=subprocess.PIPE, text=True)

    def running() -> bool:
        return any(job.status is JobStatus.RUNNING for job in lab.jobs.list())

    assert holds(running)
    asked.send_signal(signal.SIGINT)
    _, said = asked.communicate(timeout=60)
    assert asked.returncode == 130
    assert "Interrupted: what was asked for goes on.\n  See how it goes: labline jobs list" in said
    assert "Traceback" not in said
    (root / "go").touch()
    assert holds(lambda: lab.jobs.list()[0].status is JobStatus.SUCCEEDED)
    assert holds(lambda: not workers(root), 30.0)


def test_work_that_has_no_worker_is_told_with_the_platform_until_it_has_one(lab: Lab) -> None:
    root = lab.settings.root
    job = lab.queue.submit(write_notebook(root / "one.ipynb", "1 + 1"), {})
    good = (root / "labline.toml").read_text()
    (root / "labline.toml").write_text("[kernels]\nwram = false\n")
    lab.errands.see_to([job.id])
    assert holds(lambda: lab.errands.platform.look().failure)
    failure = lab.errands.platform.look().failure
    assert failure is not None
    assert "wram" in failure.message
    assert "stays queued" in failure.fix
    (root / "labline.toml").write_text(good)
    assert holds(lambda: lab.jobs.get(job.id).status is JobStatus.SUCCEEDED)
    assert holds(lambda: lab.errands.platform.look().failure is None)
