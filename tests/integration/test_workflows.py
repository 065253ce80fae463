import threading
import time

import pytest

from labline.database import Database
from labline.errors import CellFailed, Conflict, NotFound
from labline.records import JobStatus
from labline.settings import Settings
from labline.workflows import Flow, Workflows


@pytest.fixture
def settings(tmp_path, monkeypatch) -> Settings:
    monkeypatch.delenv("LABLINE_DATABASE_URL", raising=False)
    (tmp_path / "labline.toml").write_text("[jobs]\nconcurrency = 2\n")
    return Settings.load(tmp_path)


@pytest.fixture
def workflows(settings):
    made = Workflows(settings, Database(settings.database))
    yield made
    made.close()


def add(flow: Flow, payload: dict):
    flow.publish("about", payload["a"])
    total = flow.step("add", lambda: payload["a"] + payload["b"])
    flow.publish("total", total)
    return {"total": total}


def test_a_workflow_is_queued_without_a_worker_and_run_by_an_executor(workflows):
    workflows.register("add", add, queue="jobs")
    before = time.time()
    id = workflows.submit("add", {"a": 1, "b": 2})
    queued = workflows.state(id)
    assert (queued.status, queued.payload) == (JobStatus.QUEUED, {"a": 1, "b": 2})
    assert queued.created >= before
    with workflows.executor():
        seen: list[dict] = []
        done = workflows.wait(id, timeout=60, on_events=seen.append)
    assert (done.status, done.result) == (JobStatus.SUCCEEDED, {"total": 3})
    assert seen[-1] == workflows.events(id) == {"about": 1, "total": 3}


def test_only_a_queue_in_which_something_waits_is_claimed_from(workflows, monkeypatch):
    from dbos._sys_db import SystemDatabase

    claims: list[str] = []
    claim = SystemDatabase.start_queued_workflows

    def noted(system, queue, *rest, **more):
        claims.append(queue.name)
        return claim(system, queue, *rest, **more)

    monkeypatch.setattr(SystemDatabase, "start_queued_workflows", noted)
    workflows.register("add", add, queue="jobs")
    workflows.register("other", add, queue="notices")
    with workflows.executor():
        time.sleep(0.5)
        assert claims == []
        id = workflows.submit("add", {"a": 1, "b": 2})
        assert workflows.wait(id, timeout=60).status is JobStatus.SUCCEEDED
    assert set(claims) == {"labline-jobs"}


def test_an_error_of_labline_comes_back_as_it_was(workflows):
    def fail(flow: Flow, payload: dict):
        raise CellFailed("Cell 3 raised ValueError", fix="Correct it.", cell=3)

    def fail_in_step(flow: Flow, payload: dict):
        flow.step("fail", lambda: fail(flow, payload))

    workflows.register("fail", fail, queue="jobs")
    workflows.register("step", fail_in_step, queue="jobs")
    ids = [workflows.submit("fail", {}), workflows.submit("step", {})]
    with workflows.executor():
        errors = [workflows.wait(id, timeout=60).error for id in ids]
    for error in errors:
        assert isinstance(error, CellFailed)
        assert (error.message, error.fix, error.details) == (
            "Cell 3 raised ValueError",
            "Correct it.",
            {"cell": 3},
        )
    assert workflows.state(ids[0]).status == JobStatus.FAILED


def test_the_same_id_is_the_same_workflow(workflows):
    calls: list[int] = []
    workflows.register("count", lambda flow, payload: calls.append(1), queue="jobs")
    workflows.register("other", add, queue="jobs")
    assert workflows.submit("count", {}, id="once") == "once"
    with workflows.executor():
        workflows.wait("once", timeout=60)
        assert workflows.submit("count", {"new": 1}, id="once") == "once"
        assert workflows.wait("once", timeout=60).status == JobStatus.SUCCEEDED
    assert len(calls) == 1
    with pytest.raises(Conflict, match="once"):
        workflows.submit("other", {}, id="once")


def test_unknown_workflows_are_not_found(workflows):
    workflows.register("add", add, queue="jobs")
    with pytest.raises(NotFound, match=r"(?s)'ad'.*Did you mean 'add'"):
        workflows.submit("ad", {})
    for call in (workflows.state, workflows.cancel, workflows.wait):
        with pytest.raises(NotFound, match="nothing"):
            call("nothing")


def test_the_list_is_newest_first_paged_and_filtered(workflows):
    workflows.register("add", add, queue="jobs")
    ids = [workflows.submit("add", {"a": n, "b": n}) for n in range(5)]
    assert [state.id for state in workflows.list("add")] == ids[::-1]
    assert len(workflows.list("add", limit=2, offset=1)) == 2
    workflows.cancel(ids[0])
    assert [one.id for one in workflows.list("add", status=JobStatus.CANCELLED)] == ids[:1]
    assert workflows.list("else") == []


def test_jobs_run_side_by_side_and_other_queues_one_at_a_time(workflows):
    most: dict[str, int] = {"jobs": 0, "promotions": 0}
    now: dict[str, int] = {"jobs": 0, "promotions": 0}
    lock = threading.Lock()

    def busy(flow: Flow, payload: dict):
        name = payload["queue"]
        with lock:
            now[name] += 1
            most[name] = max(most[name], now[name])
        time.sleep(1)
        with lock:
            now[name] -= 1

    for name in most:
        workflows.register(name, busy, queue=name)
    ids = [workflows.submit(name, {"queue": name}) for name in most for _ in range(3)]
    with workflows.executor():
        states = [workflows.wait(id, timeout=60) for id in ids]
    assert {state.status for state in states} == {JobStatus.SUCCEEDED}
    assert most == {"jobs": 2, "promotions": 1}


def test_a_queued_workflow_that_is_cancelled_never_runs(workflows):
    calls: list[int] = []
    workflows.register("count", lambda flow, payload: calls.append(1), queue="jobs")
    id = workflows.submit("count", {})
    workflows.cancel(id)
    with workflows.executor():
        last = workflows.submit("count", {})
        workflows.wait(last, timeout=60)
    assert (len(calls), workflows.state(id).status) == (1, JobStatus.CANCELLED)


def test_a_running_workflow_that_is_cancelled_is_told_to_stop(workflows):
    stopped = threading.Event()

    def long(flow: Flow, payload: dict):
        flow.publish("running", True)
        flow.stopping.wait(30)
        stopped.set()
        flow.step("after", lambda: None)

    workflows.register("long", long, queue="jobs")
    id = workflows.submit("long", {})
    with workflows.executor():
        while not workflows.events(id):
            time.sleep(0.02)
        workflows.cancel(id)
        assert workflows.wait(id, timeout=60).status == JobStatus.CANCELLED
        assert stopped.wait(30)
    assert workflows.state(id).status == JobStatus.CANCELLED


def test_cancelling_what_has_ended_changes_nothing(workflows):
    workflows.register("add", add, queue="jobs")
    id = workflows.submit("add", {"a": 1, "b": 1})
    with workflows.executor():
        workflows.wait(id, timeout=60)
    workflows.cancel(id)
    assert workflows.state(id).status == JobStatus.SUCCEEDED


def test_a_flow_receives_what_is_sent_and_gives_up_in_time(workflows):
    def ask(flow: Flow, payload: dict):
        flow.publish("asked", True)
        return [flow.receive("answer", 60), flow.receive("never", 0.2)]

    workflows.register("ask", ask, queue="promotions")
    id = workflows.submit("ask", {})
    with workflows.executor():
        while not workflows.events(id):
            time.sleep(0.02)
        workflows.send(id, "answer", {"yes": True})
        assert workflows.wait(id, timeout=60).result == [{"yes": True}, None]


def test_what_runs_when_the_executor_ends_is_carried_on_by_the_next(workflows):
    steps: list[str] = []

    def two(flow: Flow, payload: dict):
        flow.step("first", lambda: steps.append("first"))
        flow.publish("half", True)
        if steps.count("again") == 0:
            steps.append("again")
            flow.stopping.wait(30)
        flow.step("second", lambda: steps.append("second"))
        return "done"

    workflows.register("two", two, queue="jobs")
    id = workflows.submit("two", {})
    with workflows.executor():
        while not workflows.events(id):
            time.sleep(0.02)
    assert workflows.state(id).status == JobStatus.QUEUED
    with workflows.executor():
        assert workflows.wait(id, timeout=60).result == "done"
    assert steps == ["first", "again", "second"]


def test_a_waiting_flow_does_not_hold_up_the_end_of_the_executor(workflows):
    def ask(flow: Flow, payload: dict):
        flow.publish("asked", True)
        return flow.receive("answer", 3600)

    workflows.register("ask", ask, queue="promotions")
    id = workflows.submit("ask", {})
    with workflows.executor():
        while not workflows.events(id):
            time.sleep(0.02)
        leaving = time.monotonic()
    assert time.monotonic() - leaving < 20
    workflows.send(id, "answer", 42)
    with workflows.executor():
        assert workflows.wait(id, timeout=60).result == 42


def test_only_a_worker_is_a_worker(workflows):
    workflows.register("add", add, queue="jobs")
    assert not workflows.has_worker()
    with workflows.executor():
        assert not workflows.has_worker()
    with workflows.executor(heartbeat=True):
        assert workflows.has_worker()
    assert not workflows.has_worker()


def test_an_executor_within_an_executor_is_the_same(workflows):
    workflows.register("add", add, queue="jobs")
    with workflows.executor(), workflows.executor():
        id = workflows.submit("add", {"a": 1, "b": 1})
        assert workflows.wait(id, timeout=60).result == {"total": 2}


def test_a_process_executes_for_one_project_at_a_time(workflows, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "labline.toml").write_text("")
    settings = Settings.load(other)
    second = Workflows(settings, Database(settings.database))
    with workflows.executor(), pytest.raises(Conflict), second.executor():
        pass
    second.close()


def test_waiting_ends_at_the_timeout(workflows):
    workflows.register("add", add, queue="jobs")
    id = workflows.submit("add", {"a": 1, "b": 1})
    assert workflows.wait(id, timeout=0.1).status == JobStatus.QUEUED


def test_nothing_is_written_to_the_terminal(workflows, settings, capfd):
    def fail(flow: Flow, payload: dict):
        raise ValueError("to the log")

    workflows.register("fail", fail, queue="jobs")
    id = workflows.submit("fail", {})
    with workflows.executor():
        workflows.wait(id, timeout=60)
    assert capfd.readouterr() == ("", "")
    assert "to the log" in (settings.state / "logs" / "workflows.log").read_text()
