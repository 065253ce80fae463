"""An endpoint under four fifths of what it can do: nothing fails, and memory stays flat.

The whole is ``pytest -m proof``: ten minutes.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson
import psutil
import pyarrow as pa
import pytest
from tests.benchmarks.load import drive, post
from tests.integration.serving_models import passengers, pipeline, save, version_of
from tests.platforms import Line, project

from labline.serving import boot_command, export

#: of what it answers when it is asked as fast as it can answer
SHARE = 0.8
CONNECTIONS = 16


class Soaked(NamedTuple):
    """A deployed endpoint, and the requests that it gets."""

    line: Line
    requests: list[bytes]

    @property
    def port(self) -> int:
        """The gateway's."""
        return self.line.settings.gateway.port

    def processes(self) -> list[psutil.Process]:
        """Return the gateway, the instances and what keeps them running."""
        supervisor = psutil.Process(self.line.platform.status().pid)
        return [supervisor, *supervisor.children(recursive=True)]


@pytest.fixture
def soaked(tmp_path: Path, free_port: int, leaves_nothing_running: None) -> Iterator[Soaked]:
    table = passengers()
    with project(tmp_path, free_port, 'boot_timeout = "90s"') as line:
        folder = save("sklearn", tmp_path / "titanic", pipeline(table), table)
        bento = export(folder, version_of("titanic"), settings=line.settings)
        line.platform.up()
        line.endpoints.deploy(
            "titanic",
            bento=bento,
            command_for_port=lambda port: boot_command(bento, Path(sys.executable), port),
            python=sys.executable,
            actor="ada",
            key="first",
            instances=2,
        )
        key = line.endpoints.issue_key("titanic", 3600)
        yield Soaked(line, requests(key))


def requests(key: str) -> list[bytes]:
    """Return one row, ten rows by JSON, and ten by Arrow."""
    headers = f"Authorization: Bearer {key}\r\n"
    rows = [
        {name: None if value != value else value for name, value in row.items()}
        for row in passengers(10).astype({"booked": str}).to_dict("records")
    ]
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pandas(passengers(10), preserve_index=False)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    bodies = [orjson.dumps({"rows": some}) for some in (rows[:1], rows)]
    stream = bytes(sink.getvalue())
    return [
        *(post("/titanic/predict", body, headers=headers) for body in bodies),
        post("/titanic/predict", stream, kind="application/vnd.apache.arrow.stream",
             headers=headers),
    ]  # fmt: skip


@contextmanager
def weighing(processes: list[psutil.Process], every: float) -> Iterator[list[int]]:
    """Give the memory that is the processes' own, again and again while the block runs."""
    found: list[int] = []
    over = threading.Event()

    def weigh() -> None:
        while not over.wait(every):
            found.append(sum(each.memory_full_info().uss for each in processes))

    thread = threading.Thread(target=weigh)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


# In seconds, memory has not come to rest (it takes some thousand requests), nor has the machine.
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("seconds", "growth", "held"),
    [(3.0, 0.15, 0.2), pytest.param(600.0, 0.05, 0.9, marks=pytest.mark.proof)],
)
def test_at_four_fifths_of_what_it_can_do_nothing_fails_and_memory_stays_flat(
    soaked: Soaked, seconds: float, growth: float, held: float
) -> None:
    most = drive(soaked.port, soaked.requests, connections=CONNECTIONS, seconds=seconds / 60 + 1)
    wanted = SHARE * most.rate
    drive(soaked.port, soaked.requests, connections=CONNECTIONS, seconds=seconds / 10, rate=wanted)
    before = {each.pid for each in soaked.processes()}
    with weighing(soaked.processes(), seconds / 60) as memory:
        load = drive(soaked.port, soaked.requests, connections=CONNECTIONS, seconds=seconds,
                     rate=wanted, warm=0)  # fmt: skip
    grown = max(memory) / memory[0] - 1
    print(
        f"{load.rate:.0f} of {most.rate:.0f} requests/s for {seconds:g} s, p99 {load.p99:.3f} s; "
        f"memory {memory[0] / 2**20:.0f} MiB, grown {grown:+.1%}"
    )
    assert most.failed == load.failed == 0
    assert load.rate > held * wanted, "the load itself must hold"
    assert grown < growth
    assert {each.pid for each in soaked.processes()} == before, "none died"
