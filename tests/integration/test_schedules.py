"""Schedules with the real clock, queue and kernels."""

import json
import re
import time

import pytest
from click.testing import CliRunner
from tests.conftest import write_notebook
from tests.jobs import open_project, shown, until

from labline.cli.app import Output, labline_command
from labline.errors import BadInput, BadParameter, Conflict, NotFound
from labline.jobs.options import Options
from labline.jobs.schedules import Rule
from labline.records import JobStatus

OFTEN = Rule("* * * * * *", "latest")
NEVER = Rule("0 0 1 1 *", "latest")


@pytest.fixture
def project(tmp_path):
    made = open_project(tmp_path)
    yield made
    made.workflows.close()


def rests(project) -> bool:
    """Whether nothing comes for longer than executors take to see that a schedule was paused."""
    before = {state.id for state in project.workflows.list("schedule")}
    time.sleep(6)
    now = project.workflows.list("schedule")
    return {state.id for state in now} == before and all(state.status.ended for state in now)


def test_a_schedule_submits_its_job_each_time_once_and_rests_when_it_is_paused(project):
    path = write_notebook(project.root / "nightly.ipynb", "print(a)", parameters="a = 1")
    schedules = project.jobs.schedules
    made = schedules.add(path, {"a": 7}, OFTEN, Options(tags={"team": "birds"}))
    assert (made.name, made.notebook, made.paused) == ("nightly", "nightly.ipynb", False)
    assert made.next is not None
    assert made.next - time.time() < 2
    with project.workflows.executor():
        until(lambda: len(project.jobs.list()) >= 2)
        until(lambda: schedules.get("nightly").job)
        schedules.pause("nightly")
        until(lambda: rests(project))
        jobs = project.jobs.wait([job.id for job in project.jobs.list()], timeout=120)
    resting = schedules.get("nightly")
    assert (resting.paused, resting.next, resting.error) == (True, None, "")
    assert resting.last is not None
    assert resting.job in {job.id for job in jobs}
    assert {job.status for job in jobs} == {JobStatus.SUCCEEDED}
    assert {shown(job.output) for job in jobs} == {"7\n"}
    states = project.workflows.list("schedule")
    assert len({state.payload["at"] for state in states}) == len(states) == len(jobs)
    tags = project.tracking.run(jobs[0].run_id).tags
    assert (tags["labline.schedule"], tags["team"]) == ("nightly", "birds")
    schedules.resume("nightly")
    assert not schedules.get("nightly").paused


def test_a_snapshot_runs_as_it_was_and_the_latest_as_it_is(project):
    path = write_notebook(project.root / "nb.ipynb", "print('then')")
    schedules = project.jobs.schedules
    schedules.add(path, {}, Rule("0 6 * * *", "snapshot", "Europe/Berlin", name="then"), Options())
    schedules.add(path, {}, Rule("0 6 * * *", "latest", "Europe/Berlin", name="now"), Options())
    write_notebook(path, "print('now')")
    ids = [schedules.trigger("then"), schedules.trigger("now")]
    with project.workflows.executor():
        then, now = project.jobs.wait(ids, timeout=120)
    assert (shown(then.output), shown(now.output)) == ("then\n", "now\n")
    path.unlink()
    with pytest.raises(NotFound, match=r"no notebook .*nb\.ipynb"):
        schedules.trigger("now")


def test_what_came_while_no_worker_ran_is_made_up_for_only_if_asked(project):
    path = write_notebook(project.root / "nb.ipynb", "1")
    schedules = project.jobs.schedules
    # Half an hour from now: none comes while this test runs.
    hourly = time.strftime("%M * * * *", time.gmtime(time.time() + 1800))
    schedules.add(path, {}, Rule(hourly, "latest", catch_up=True, name="made-up"), Options())
    schedules.add(path, {}, Rule(hourly, "latest", name="missed"), Options())
    schedules.add(path, {}, Rule(hourly, "latest", catch_up=True, name="rested"), Options())
    schedules.pause("rested")
    long_ago = time.strftime("%Y-%m-%dT%H:%M:00+00:00", time.gmtime(time.time() - 3 * 3600))
    with project.workflows._answering() as client:
        for name in ("made-up", "missed", "rested"):
            client._sys_db.update_last_fired_at(f"labline/{name}", long_ago)
    schedules.resume("rested")
    with project.workflows.executor():
        until(lambda: project.workflows.list("schedule"), seconds=120)
        until(lambda: not project.workflows.busy(), seconds=120)
    names = {state.payload["schedule"] for state in project.workflows.list("schedule")}
    assert names == {"made-up"}
    assert len(project.jobs.list()) == 3


def test_what_cannot_be_is_refused_with_the_next_step(project):
    path = write_notebook(project.root / "nb.ipynb", "1", parameters="a = 1")
    add = project.jobs.schedules.add
    with pytest.raises(BadInput, match=r"(?s)'0 25 \* \* \*' is not a cron rule.*weekdays at 6:00"):
        add(path, {}, Rule("0 25 * * *", "latest"), Options())
    with pytest.raises(BadInput, match=r"'0 0 30 2 \*' never comes"):
        add(path, {}, Rule("0 0 30 2 *", "latest"), Options())
    with pytest.raises(BadInput, match=r"(?s)no time zone 'Europe/Berln'.*'Europe/Berlin'"):
        add(path, {}, Rule("0 6 * * *", "latest", "Europe/Berln"), Options())
    with pytest.raises(BadInput, match="'a/b' cannot name"):
        add(path, {}, Rule("0 6 * * *", "latest", name="a/b"), Options())
    with pytest.raises(BadParameter, match="Did you mean 'a'"):
        add(path, {"aa": 1}, NEVER, Options())
    add(path, {}, NEVER, Options())
    with pytest.raises(Conflict, match=r"(?s)schedule 'nb' already.*schedules remove nb"):
        add(path, {}, NEVER, Options())
    with pytest.raises(NotFound, match=r"(?s)no schedule 'nbb'.*Did you mean 'nb'"):
        project.jobs.schedules.pause("nbb")
    assert [one.name for one in project.jobs.schedules.list()] == ["nb"]


def test_schedules_on_the_command_line(project, monkeypatch):
    monkeypatch.chdir(project.root)
    write_notebook(project.root / "nb.ipynb", "1", parameters="a = 1")

    def call(*words):
        done = CliRunner().invoke(labline_command, ["schedules", *words], obj=Output())
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    rule = ("add", "nb.ipynb", "--cron", "30 6 * * *", "--timezone", "Europe/Berlin")
    assert "--latest" in call(*rule).output
    added = call(*rule, "--snapshot", "-p", "a", "3", "--memory", "1GiB", "--retries", "2")
    assert re.search(r"nb runs nb.ipynb \(snapshot\); next: .* 06:30 CES?T", added.output)
    assert "labline up" in added.output
    (known,) = json.loads(call("list", "--json").output)
    assert (known["parameters"], known["runs"]) == ({"a": 3}, "snapshot")
    job = json.loads(call("trigger", "nb", "--json").output)
    order = project.workflows.state(job["id"]).payload
    assert (order["memory"], order["retries"]) == (2**30, 2)
    assert "next: paused" in call("pause", "nb").output
    assert "06:30" in call("resume", "nb").output
    assert "is removed" in call("remove", "nb").output
    assert "No schedules yet" in call("list").output
