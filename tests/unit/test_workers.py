"""Which executors are alive, whatever the clocks say."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from labline.database import Database
from labline.settings import WorkersSettings
from labline.workflows.workers import Workers, _began


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_a_clock_that_is_set_neither_kills_a_worker_nor_hides_it_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'labline.db'}")
    workers, real = Workers(database), time.time
    mine = workers.enter(worker=True)
    monkeypatch.setattr(time, "time", lambda: real() + jump)
    if sys.platform == "linux":
        # The system counts when it was booted, and so when processes began, from its clock.
        began = psutil.Process.create_time
        monkeypatch.setattr(psutil.Process, "create_time", lambda self: began(self) + jump)
    assert workers.alive() == {mine}
    assert workers.dead() == set()
    workers.beat(mine)
    assert workers.present()
    database.close()


def test_a_process_that_has_ended_is_known_though_nobody_has_waited_for_it() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert process.stdout
    process.stdout.read()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    with pytest.raises(ProcessLookupError):
        _began(process.pid)
    process.wait()
    process.stdout.close()
    assert _began(os.getpid()) == _began(os.getpid())


def test_a_heartbeat_that_is_too_old_is_looked_at_for_a_while_first() -> None:
    away = SimpleNamespace(on_postgres=True)
    times = WorkersSettings(heartbeat=0.05, lost=0.2)
    workers = Workers(away, times)  # type: ignore[arg-type]
    row = SimpleNamespace(id="worker-elsewhere-1-1-a", host="elsewhere", pid=1, seen=7.0)
    assert workers._alive(row, age=60.0)
    deadline = time.monotonic() + 30
    while workers._alive(row, age=60.0):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    row.seen = 67.0
    assert workers._alive(row, age=60.0)
