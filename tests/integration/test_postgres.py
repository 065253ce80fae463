"""The labline database and durable workflows on a real PostgreSQL."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from labline.database import Database
from labline.deployment.releases import Plan, Releases, Stored
from labline.lab.followup import FollowUp
from labline.ledger import Ledger, LedgerBroken
from labline.records import JobStatus, ReleaseState
from labline.settings import ProjectSettings, Settings
from labline.workflows import Flow, Workflows


def append(ledger: Ledger, key: str) -> None:
    ledger.append(actor="a", action="promoted", model="m", subject="s", key=key, payload={})


@pytest.fixture
def database(postgres: str) -> Iterator[Database]:
    engine = sa.create_engine(postgres)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA IF EXISTS labline CASCADE")
    engine.dispose()
    made = Database(postgres)
    yield made
    made.close()


def test_the_tables_live_in_a_schema_of_their_own(database: Database) -> None:
    with database.reading() as connection:
        found = sa.inspect(connection).get_table_names(schema="labline")
    assert {"ledger", "endpoints", "releases", "api_keys", "workers"} <= set(found)


def test_a_release_belongs_to_the_host_that_runs_it(database: Database) -> None:
    here, there = Releases(database), Releases(database)
    there.host = "host-b"
    plan = Plan("churn:x", "churn/1", "0" * 64, "/py", '{"argv": [], "env": {}, "cwd": "/"}')

    def live(releases: Releases, key: str) -> Stored:
        begun = releases.begin("churn", plan, actor="ada", key=key, previous=None, instances=2)
        return releases.go_live(begun.release.id)

    mine, theirs = live(here, "a"), live(there, "b")
    assert (mine.release.host, theirs.release.host) == (socket.gethostname(), "host-b")
    assert here.get(mine.release.id).release.state is ReleaseState.LIVE, "theirs did not retire it"
    assert [each.release.id for each in here.all_serving()] == [mine.release.id]
    assert [each.release.id for each in there.all_serving()] == [theirs.release.id]
    assert here.live("churn") == mine
    assert [each.release.id for each in here.elsewhere("churn")] == [theirs.release.id]
    assert [each.release.id for each in here.among([theirs.name])] == [
        theirs.release.id,
        mine.release.id,
    ]


def test_what_a_promotion_deploys_goes_to_a_host_that_serves_the_endpoint(
    database: Database,
) -> None:
    here, there = Releases(database), Releases(database)
    there.host = "host-b"
    plan = Plan("churn:x", "churn/1", "0" * 64, "/py", '{"argv": [], "env": {}, "cwd": "/"}')
    lab: Any = SimpleNamespace(platform=SimpleNamespace(releases=here))

    def live(releases: Releases, key: str) -> None:
        begun = releases.begin("churn", plan, actor="ada", key=key, previous=None, instances=1)
        releases.go_live(begun.release.id)

    assert FollowUp(lab).host("churn") == socket.gethostname(), "nobody does: here"
    live(there, "a")
    assert FollowUp(lab).host("churn") == "host-b"
    live(here, "b")
    assert FollowUp(lab).host("churn") == socket.gethostname()


def test_processes_that_open_it_first_at_once_migrate_once(
    database: Database, postgres: str
) -> None:
    def look(_: int) -> int:
        mine = Database(postgres)
        with mine.reading() as connection:
            count = connection.exec_driver_sql(
                "SELECT count(*) FROM labline.labline_schema_version"
            ).scalar_one()
        mine.close()
        return int(count)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(look, range(6))) == [1] * 6


def test_writers_at_once_keep_one_chain(database: Database, postgres: str) -> None:
    def work(who: int) -> None:
        mine = Database(postgres)
        for number in range(10):
            append(Ledger(mine), f"{who}-{number}")
        mine.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert Ledger(database).verify() == 60
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE labline.ledger SET actor = 'eve' WHERE number = 31")
    with pytest.raises(LedgerBroken, match="entry 31"):
        Ledger(database).verify()


@pytest.mark.parametrize("name", ["birds", "beasts"])
def test_a_workflow_runs_to_its_end_whatever_projects_share_the_database(
    database: Database, tmp_path: Path, name: str
) -> None:
    (tmp_path / "labline.toml").touch()
    settings = Settings(
        root=tmp_path,
        database_url=database.url.render_as_string(False),
        project=ProjectSettings(name=name),
    )
    workflows = Workflows(settings, database)
    steps: list[str] = []

    def body(flow: Flow, payload: dict[str, int]) -> int:
        flow.step("note", lambda: steps.append("done"))
        return payload["n"] * 2

    workflows.register("double", body, queue="jobs")
    id = workflows.submit("double", {"n": 21}, words="Double 10g%")
    assert workflows.state(id).status is JobStatus.QUEUED
    with workflows.executor():
        state = workflows.wait(id, timeout=60)
    assert (state.status, state.result, steps) == (JobStatus.SUCCEEDED, 42, ["done"])
    workflows.note_failure(id, ValueError("no rows"))
    found = {text: workflows.search("double", text)[1] for text in ("10g%", "NO ROWS", "10g0")}
    assert found == {"10g%": 1, "NO ROWS": 1, "10g0": 0}
    workflows.close()


def test_what_is_deployed_runs_on_the_host_that_it_is_for(
    database: Database, tmp_path: Path
) -> None:
    (tmp_path / "labline.toml").touch()
    settings = Settings(
        root=tmp_path,
        database_url=database.url.render_as_string(False),
        project=ProjectSettings(name="fish"),
    )
    ran: list[tuple[str, int]] = []

    def host(name: str) -> Workflows:
        made = Workflows(settings, database)
        made.host = name
        for queue in ("deployments", "rollouts", "jobs"):
            made.register(queue, lambda _, given: ran.append((name, given["n"])), queue=queue)
        return made

    with closing(host("host-a")) as a, closing(host("host-b")) as b:
        theirs = [a.submit("deployments", {"n": 1}, host="host-b"), b.submit("rollouts", {"n": 2})]
        mine = [a.submit("deployments", {"n": 3}), b.submit("jobs", {"n": 4})]
        with a.executor():
            for id in mine:
                assert a.wait(id, timeout=60).status is JobStatus.SUCCEEDED
            assert {a.state(id).status for id in theirs} == {JobStatus.QUEUED}
        with b.executor():
            for id in theirs:
                assert b.wait(id, timeout=60).status is JobStatus.SUCCEEDED
    assert sorted(ran) == [("host-a", 3), ("host-a", 4), ("host-b", 1), ("host-b", 2)]
