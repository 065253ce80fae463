"""Under constant load no request fails while releases change, and while what runs them dies.

The whole counts are ``pytest -m proof``: each scenario for 60 s, with 8 connections.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.platforms import Line, eventually, project, traffic

from labline.deployment import Trial
from labline.deployment.platform import WORKER

TESTS = Path(__file__).parents[2]
DEPLOY = """
import sys
from pathlib import Path
from tests.platforms import Line

Line(Path(sys.argv[1]), int(sys.argv[2])).deploy(int(sys.argv[3]), key=sys.argv[4])
"""


@pytest.fixture
def up(tmp_path, free_port, leaves_nothing_running) -> Iterator[Line]:
    with project(tmp_path, free_port) as made:
        made.platform.up()
        made.deploy(1, instances=2)
        yield made


def swap(line: Line, number: int) -> None:
    line.deploy(number)


def canary(line: Line, number: int) -> None:
    release = line.deploy(number, trial=Trial(weight=5))
    line.endpoints.shift(release.id, 25)
    line.endpoints.finish(release.id)


def rollback(line: Line, number: int) -> None:
    line.deploy(number)
    line.endpoints.rollback("churn", actor="ada", key=f"back-{number}")


def instance_killed(line: Line, number: int) -> None:
    victims = [each for each in line.endpoints.get("churn").instances if each.healthy]
    victim = victims[number % len(victims)]
    os.kill(victim.pid, signal.SIGKILL)

    def back() -> bool:
        found = line.endpoints.get("churn")
        mine = next(each for each in found.instances if each.number == victim.number)
        fresh = mine.pid not in (None, victim.pid)
        return fresh and found.state == "ready" and all(each.healthy for each in found.instances)

    # Soon after one that was killed lately, it waits for up to 30 s until it is started again.
    eventually(back, 90)


def writer_killed(line: Line, number: int) -> None:
    """Kill whoever deploys, and so writes the gateway's files; another goes on."""
    place = [str(line.root), str(line.settings.gateway.port), str(number), f"w-{number}"]
    argv = [sys.executable, "-c", DEPLOY, *place]
    writer = subprocess.Popen(argv, cwd=TESTS, start_new_session=True)
    time.sleep(random.Random(number).uniform(0.5, 4))
    writer.kill()
    writer.wait()
    subprocess.run(argv, cwd=TESTS, check=True, timeout=90)
    assert line.serves(number)


def worker_killed(line: Line, _: int) -> None:
    victim = line.platform.control.report()[WORKER].pid
    os.kill(victim, signal.SIGKILL)
    line.platform.up()
    eventually(
        lambda: (
            line.platform.control.report()[WORKER].pid not in (None, victim)
            and line.platform.status().worker == "ready"
        ),
        90,
    )


SCENARIOS = (swap, canary, rollback, instance_killed, writer_killed, worker_killed)
#: what other tests do not have in small
SMALL = (writer_killed, worker_killed)


@pytest.mark.parametrize(
    ("scenario", "seconds"),
    [
        *((each, 0.0) for each in SMALL),
        *(pytest.param(each, 60.0, marks=pytest.mark.proof) for each in SCENARIOS),
    ],
    ids=lambda value: value.__name__ if callable(value) else f"{value:g}s",
)
def test_no_request_fails_under_constant_load(
    up: Line, scenario: Callable[[Line, int], None], seconds: float
):
    number = 1
    with traffic(up) as seen:
        eventually(lambda: len(seen) > 50)
        end = time.monotonic() + seconds
        while True:
            number += 1
            scenario(up, number)
            if time.monotonic() > end:
                break
        after = len(seen)
        eventually(lambda: len(seen) > after + 50)
    failed = [each for each in seen if each[0] != 200]
    print(f"{scenario.__name__}: {len(seen)} requests, {len(failed)} failed, {number - 1} times")
    assert failed == []
