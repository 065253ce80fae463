"""Notices of real jobs, over HTTP and SMTP."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import write_notebook
from tests.jobs import Project, open_project, until
from tests.receivers import Post, post_office, webhook

from labline.jobs.options import Options
from labline.jobs.schedules import Rule
from labline.records import JobStatus
from labline.tracking import Tracking

MAIL = """
email = ["team@example.com"]
smtp = {{ host = "localhost", port = {port}, security = "none", sender = "lab@example.com" }}
"""


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("mlflow")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    Tracking(uri, folder / "artifacts").ping()
    return uri


def delivered(project: Project) -> bool:
    states = project.workflows.list("notice")
    return bool(states) and all(state.status.ended for state in states)


def test_a_failed_job_is_told_by_webhook_and_email_also_after_an_outage(
    tmp_path: Path, mlflow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with webhook() as hook, post_office(Post()) as post:
        monkeypatch.setenv("HOOK", hook.url)
        hook.answers = [503]
        policy = f'[notify]\nwebhook = "env:HOOK"\n{MAIL.format(port=post.port)}'
        project = open_project(tmp_path, policy, mlflow=mlflow)
        good = write_notebook(tmp_path / "good.ipynb", "1")
        bad = write_notebook(tmp_path / "bad.ipynb", "1 / zero", parameters="zero = 0")
        with project.workflows.executor():
            ids = [project.jobs.submit(path).id for path in (good, bad)]
            failed = project.jobs.wait(ids, timeout=120)[1]
            until(lambda: delivered(project), seconds=60)
        project.close()
    told = [body["data"] for body in hook.bodies()]
    assert len(told) == 2, "it was tried again once"
    assert told[1]["job"] == failed.id
    assert (told[1]["run"], told[1]["notebook"]) == (failed.run_id, "bad.ipynb")
    assert "ZeroDivisionError" in told[1]["error"]
    (message,) = post.got
    assert message["subject"] == f"[{tmp_path.name}] Job {failed.id} failed: bad.ipynb"
    assert f"See labline jobs show {failed.id}" in message.get_content()


def test_a_job_that_is_given_up_is_told_once(tmp_path: Path, mlflow: str) -> None:
    with webhook() as hook:
        policy = f'[notify]\nwebhook = "{hook.url}"\n[workers]\nheartbeat = "0.3s"\n'
        project = open_project(tmp_path, policy, mlflow=mlflow)
        job = project.jobs.submit(write_notebook(tmp_path / "deadly.ipynb", "1"))
        with project.database.writing() as connection:
            # As DBOS has it of a workflow whose executors have died ten times.
            connection.exec_driver_sql(
                "UPDATE workflow_status SET status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED', "
                "recovery_attempts = 11, queue_name = NULL"
            )
        for _ in range(2):
            # Another worker finds it as given up, and does not tell of it again.
            with project.workflows.executor():
                until(lambda: delivered(project), seconds=60)
                until(lambda: project.jobs.search("given up")[1] == 1, seconds=60)
        assert project.jobs.get(job.id).status is JobStatus.FAILED
        project.close()
    (told,) = hook.bodies()
    assert (told["type"], told["data"]["job"]) == ("job.failed", job.id)
    assert "was given up" in told["data"]["error"]


def test_a_notice_waits_for_a_worker_and_a_job_does_not_wait_for_a_notice(
    tmp_path: Path, mlflow: str, free_port: int
) -> None:
    away = f'[notify]\nwebhook = "http://127.0.0.1:{free_port}"\n'
    project = open_project(tmp_path, away, mlflow=mlflow)
    path = write_notebook(tmp_path / "bad.ipynb", "1 / 0")
    with project.workflows.executor():
        (done,) = project.jobs.wait([project.jobs.submit(path).id], timeout=120)
        assert done.status is JobStatus.FAILED
        assert not delivered(project)
    project.close()
    with webhook() as hook:
        # The receiver is at another place now; the notice is the one that was queued.
        later = open_project(tmp_path, f'[notify]\nwebhook = "{hook.url}"\n', mlflow=mlflow)
        with later.workflows.executor():
            until(lambda: delivered(later), seconds=60)
        later.close()
    assert [body["data"]["job"] for body in hook.bodies()] == [done.id]


def test_a_schedule_that_cannot_submit_and_a_sweep_that_fails_are_told_once_each(
    tmp_path: Path, mlflow: str
) -> None:
    with webhook() as hook:
        project = open_project(tmp_path, f'[notify]\nwebhook = "{hook.url}"\n', mlflow=mlflow)
        path = write_notebook(tmp_path / "bad.ipynb", "1 / x", parameters="x = 0.0")
        gone = write_notebook(tmp_path / "gone.ipynb", "1")
        project.jobs.schedules.add(gone, {}, Rule("* * * * * *", "latest"), Options())
        gone.unlink()
        with project.workflows.executor():
            sweep = project.jobs.sweeps.start(path, {}, {"x": (0.0, -0.0)})
            project.jobs.sweeps.wait(sweep.id, timeout=120)
            until(lambda: any(b["type"] == "schedule.failed" for b in hook.bodies()), seconds=60)
            project.jobs.schedules.remove("gone")
            until(lambda: delivered(project), seconds=60)
        project.close()
    failed = [body for body in hook.bodies() if body["type"] == "job.failed"]
    assert [body["data"]["sweep"] for body in failed] == [sweep.id]
    scheduled = [body for body in hook.bodies() if body["type"] == "schedule.failed"]
    assert scheduled[0]["data"]["schedule"] == "gone"
    assert "gone.ipynb" in scheduled[0]["text"]


def test_only_what_is_asked_for_is_told(tmp_path: Path, mlflow: str) -> None:
    with webhook() as hook:
        wanted = f'[notify]\non = ["schedule.failed"]\nwebhook = "{hook.url}"\n'
        project = open_project(tmp_path, wanted, mlflow=mlflow)
        path = write_notebook(tmp_path / "bad.ipynb", "1 / 0")
        with project.workflows.executor():
            project.jobs.wait([project.jobs.submit(path).id], timeout=120)
        assert not project.workflows.list("notice")
        project.close()
    assert not hook.got
