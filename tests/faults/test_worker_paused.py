"""A worker that is paused, and taken for dead."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.conftest import write_notebook
from tests.floor import floor
from tests.jobs import kernels, until

from labline.records import JobStatus


def test_a_worker_that_was_only_paused_stores_nothing_after_another_took_over(
    tmp_path: Path, postgres: str, leaves_nothing_running: None
) -> None:
    with floor(tmp_path, postgres, 1) as at:
        paused = at.crew[0]
        source = "import os, time\nwhile not os.path.exists('go'): time.sleep(0.05)"
        mark = "open('order', 'a').write('x')\nprint('end', os.getppid() > 0)"
        path = write_notebook(at.project.root / "work.ipynb", source, mark)
        job = at.project.jobs.submit(path)
        jobs = at.project.jobs
        until(lambda: jobs.get(job.id).progress[1])
        paused.send_signal(signal.SIGSTOP)
        try:
            at.hire()
            until(lambda: len(kernels(path)) == 2, seconds=120)
            (tmp_path / "go").touch()
            (done,) = jobs.wait([job.id], timeout=120)
            written = Path(done.output).stat().st_mtime_ns
        finally:
            paused.send_signal(signal.SIGCONT)
        assert done.status is JobStatus.SUCCEEDED
        until(lambda: not kernels(path))
        assert Path(done.output).stat().st_mtime_ns == written
        assert jobs.get(job.id) == done
        assert [run.status for run in at.project.tracking.runs(tmp_path.name)] == ["FINISHED"]
        # The first one's kernel never came to its second cell.
        assert (tmp_path / "order").read_text() == "x"
