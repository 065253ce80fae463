"""Deployments, shares, ends of trials and rollbacks at the same instant, from several processes."""

import random
import subprocess
import sys

import pytest
from tests.platforms import eventually, project, traffic

from labline.records import ReleaseState

ACT = """
import random, sys
from pathlib import Path
from labline.deployment import Trial
from labline.errors import LablineError
from tests.platforms import Line

root, port, seed, many = Path(sys.argv[1]), *map(int, sys.argv[2:])
line, chance = Line(root, port), random.Random(seed)

def act(number):
    key = f"{seed}-{number}"
    kind = chance.choice(["deploy", "canary", "shift", "finish", "abort", "rollback"])
    if kind == "deploy":
        line.deploy(chance.randrange(1, 9), key=key)
    elif kind == "canary":
        line.deploy(chance.randrange(1, 9), key=key, trial=Trial(weight=10))
    elif kind == "rollback":
        line.endpoints.rollback("churn", actor="ada", key=key)
    else:
        id = line.endpoints.candidate("churn").id
        more = {"shift": (chance.randrange(1, 99),), "abort": ("said so",)}
        getattr(line.endpoints, kind)(id, *more.get(kind, ()))

for number in range(many):
    try:
        act(number)
    except LablineError as error:
        print(f"{type(error).__name__}: {error.message}", flush=True)
"""


@pytest.fixture
def line(tmp_path, free_port, leaves_nothing_running):
    with project(tmp_path, free_port) as made:
        made.platform.up()
        made.deploy(1)
        yield made


def act(line, seed, many):
    argv = [sys.executable, "-c", ACT, line.root, line.settings.gateway.port, seed, many]
    return subprocess.Popen([*map(str, argv)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def check(line):
    """What is recorded is what runs and what the gateway serves, and nothing else runs."""
    releases = line.platform.releases.of("churn")
    up = [each for each in releases if each.release.state in (ReleaseState.LIVE,
                                                              ReleaseState.CANDIDATE)]  # fmt: skip
    assert [each.release.state for each in up].count(ReleaseState.LIVE) == 1
    assert len(up) <= 2
    assert set(line.platform.control.report()) == {"gateway", "worker", *(e.name for e in up)}
    shares = {each.release: each.weight for each in line.endpoints.get("churn").traffic}
    assert sum(shares.values()) == 100
    with traffic(line) as seen:
        eventually(lambda: len(seen) > 200, 30)
    assert {status for status, _ in seen} == {200}
    assert {int(release) for _, release in seen} <= {id for id in shares if shares[id]}


def all_at_once(line, processes, many):
    with traffic(line) as seen:
        acting = [act(line, seed, many) for seed in range(processes)]
        told = [each.communicate(timeout=600)[0].decode() for each in acting]
    assert not any("Traceback" in each for each in told), told
    assert {status for status, _ in seen} == {200}
    check(line)


def test_changes_of_one_endpoint_from_three_processes_follow_each_other(line):
    all_at_once(line, 3, 3)


@pytest.mark.proof
@pytest.mark.timeout(1200)
def test_many_changes_of_one_endpoint_from_four_processes_follow_each_other(line):
    all_at_once(line, 4, 25)


KILLS = 12


@pytest.mark.proof
@pytest.mark.timeout(1200)
def test_who_changes_an_endpoint_is_killed_at_any_moment_and_the_next_deployment_cleans_up(line):
    chance = random.Random(1)
    with traffic(line) as seen:
        for seed in range(KILLS):
            acting = act(line, 100 + seed, 9)
            try:
                acting.communicate(timeout=chance.uniform(1.0, 6.0))
            except subprocess.TimeoutExpired:
                acting.kill()
                acting.communicate()
        if found := line.platform.releases.candidate("churn"):
            line.endpoints.abort(found.release.id, "its process was killed")
        line.deploy(7, key="last")
    assert {status for status, _ in seen} == {200}
    started = [each for each in line.platform.releases.of("churn")
               if each.release.state is ReleaseState.STARTING]  # fmt: skip
    names = {each.name for one in started for each in one.instances}
    running = set(line.platform.control.report()) - names
    assert running == {"gateway", "worker", line.platform.releases.live("churn").name}
    assert line.serves(7)
