"""PostgreSQL that restarts in the middle of jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import write_notebook
from tests.floor import floor
from tests.jobs import shown, until
from tests.postgres import Server, postgres_server

from labline.records import JobStatus

WAIT = """
import os, time
open(f'began-{n}', 'a').write('x')
while not os.path.exists('go'):
    time.sleep(0.05)
open(f'ended-{n}', 'w').close()
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with postgres_server() as made:
        yield made


def test_jobs_outlive_a_database_that_restarts_at_each_of_their_steps(
    tmp_path: Path, server: Server, leaves_nothing_running: None
) -> None:
    path = write_notebook(tmp_path / "work.ipynb", WAIT, "print('end', n)", parameters="n = 0")
    with floor(tmp_path, server.url, 1) as at:
        jobs = at.project.jobs
        running = jobs.submit(path, {"n": 1})
        until((tmp_path / "began-1").exists, seconds=60)
        waiting = jobs.submit(path, {"n": 2})
        server.stop()
        # The cell ends while the database is away: what it showed is to be stored.
        (tmp_path / "go").touch()
        until((tmp_path / "ended-1").exists, seconds=60)
        server.start()
        done = jobs.wait([running.id, waiting.id], timeout=120)
        server.stop()
        server.start()
        third = jobs.wait([jobs.submit(path, {"n": 3}).id], timeout=120)
        assert at.crew[0].poll() is None
    for number, job in enumerate([*done, *third], start=1):
        assert job.status is JobStatus.SUCCEEDED, job.error
        assert shown(job.output) == f"end {number}\n"
        assert (tmp_path / f"began-{number}").read_text() == "x"
    runs = at.project.tracking.runs(tmp_path.name)
    assert Counter(run.status for run in runs) == {"FINISHED": 3}
