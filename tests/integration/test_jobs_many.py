"""Many jobs at once: each is queued once, listing stays fast, memory flat."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from tests.conftest import write_notebook
from tests.floor import floor
from tests.jobs import until

from labline.jobs.options import Options
from labline.lab import Lab
from labline.records import JobStatus

#: seconds that a page of jobs may take, and how many times that on a machine that is busy
PAGE, BUSY = 0.2, 3
MIB = 2**20


def median(call: Callable[[], object]) -> float:
    taken = []
    for _ in range(7):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def submit(lab: Lab, path: Path, count: int, threads: int = 4) -> list[str]:
    """Submit jobs from several threads at once; each is a job of its own."""

    def one(number: int) -> str:
        return lab.jobs.submit(path, {"n": number}, Options(key=f"job-{number}")).id

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(count)))


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("count", [120, pytest.param(10_000, marks=pytest.mark.proof)])
def test_many_queued_jobs_are_listed_fast_and_leave_memory_flat(
    tmp_path: Path, count: int, leaves_nothing_running: None
) -> None:
    (tmp_path / "labline.toml").write_text("[project]\nname = 'many'\n[kernels]\nspares = 1\n")
    lab, me = Lab.from_(tmp_path), psutil.Process()
    path = write_notebook(tmp_path / "work.ipynb", "print(n)", parameters="n = -1")
    submit(lab, path, count // 10)
    before = me.memory_info().rss
    began = time.perf_counter()
    ids = submit(lab, path, count)
    rate = (count - count // 10) / (time.perf_counter() - began)
    grown = me.memory_info().rss - before
    assert len(set(ids)) == count
    pages = {
        "newest": median(lambda: lab.views.jobs.page(limit=50, offset=0)),
        "deep down": median(lambda: lab.views.jobs.page(limit=50, offset=count - 60)),
        "queued": median(lambda: lab.views.jobs.page(limit=50, offset=0, status=JobStatus.QUEUED)),
        "labline jobs list": median(lambda: lab.jobs.list(limit=50)),
    }
    print(f"{count} jobs: {rate:.0f} submitted a second, {grown / MIB:.1f} MiB more memory")
    print({name: f"{seconds * 1000:.0f} ms" for name, seconds in pages.items()})
    assert lab.views.jobs.page(limit=1, offset=0)[1] == count
    assert max(pages.values()) < PAGE * BUSY
    assert grown < 40 * MIB
    run_some(lab, me)
    assert lab.jobs.count(10**6) == count
    lab.workflows.close()
    lab.database.close()


def run_some(lab: Lab, me: psutil.Process) -> None:
    """Run the first ones of the queue; the rest of it costs the worker no memory."""

    def ended(count: int) -> bool:
        return lab.workflows.count("job", 100, JobStatus.SUCCEEDED) >= count

    with lab.worker():
        until(lambda: ended(3), seconds=120)
        before = me.memory_info().rss
        until(lambda: ended(8), seconds=120)
        grown = me.memory_info().rss - before
    print(f"{grown / MIB:.1f} MiB more memory in the worker over five jobs")
    assert grown < 60 * MIB


@pytest.mark.timeout(3000)
@pytest.mark.parametrize("count", [6, pytest.param(1000, marks=pytest.mark.proof)])
def test_jobs_submitted_at_once_run_once_each_on_two_workers(
    tmp_path: Path, count: int, postgres: str, leaves_nothing_running: None
) -> None:
    mark = "with open('ran', 'a') as file:\n    file.write(f'{n}\\n')"
    path = write_notebook(tmp_path / "work.ipynb", mark, parameters="n = -1")
    with floor(tmp_path, postgres, 2):
        lab = Lab.from_(tmp_path)
        began = time.monotonic()
        ids = submit(lab, path, count, threads=8)
        jobs = lab.jobs.wait(ids, timeout=2400)
        print(f"{count} jobs on two workers: {(time.monotonic() - began) / count:.2f} s a job")
        assert {job.status for job in jobs} == {JobStatus.SUCCEEDED}
        runs = lab.tracking.runs(tmp_path.name, limit=2 * count)
        lab.workflows.close()
        lab.database.close()
    assert sorted(map(int, (tmp_path / "ran").read_text().split())) == list(range(count))
    assert [run.status for run in runs] == ["FINISHED"] * count
