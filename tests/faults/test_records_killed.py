"""A service that is killed while it writes the prediction log leaves nothing torn."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from labline.monitoring.log import PredictionLog, Span

TEMPLATE = Path(__file__).parents[2] / "bentos" / "pyfunc"
WRITER = """
import sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from bento_pyfunc.records import Record, Records, Rules
log = Records(Rules(Path(sys.argv[2]), 1.0, 1e9, 2**30, 0.002, "flats", 1), "flats/1")
kind, number = "application/json", 0
print("ready", flush=True)
while True:
    body = b'{"rows":[{"x":%d}]}' % number
    id = f"{sys.argv[3]}-{number}"
    log.offer(Record(id, time.time(), 1.0, "predict", kind, kind, body, b"{}"))
    number += 1
    time.sleep(0.0002)
"""


@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.proof)])
def test_a_killed_service_leaves_whole_files_and_no_record_twice(
    tmp_path: Path, kills: int
) -> None:
    began, chance = time.time(), random.Random(5)
    for kill in range(kills):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(TEMPLATE), str(tmp_path), str(kill)],
            stdout=subprocess.PIPE,
        )
        with writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            # Some of these are in the midst of a file, or of making one of many.
            _await_files(tmp_path, f"{kill}-", writer)
            time.sleep(chance.uniform(0, 0.3))
            writer.kill()
        span = Span(began - 1, time.time() + 1)
        ids = PredictionLog(tmp_path).find(span, most=10**7).table["request_id"].to_pylist()
        assert len(ids) == len(set(ids))
        own = [id for id in ids if id.startswith(f"{kill}-")]
        assert own == [f"{kill}-{n}" for n in range(len(own))], "what is lost is the end only"
        assert own


def _await_files(folder: Path, prefix: str, writer: subprocess.Popen[bytes]) -> None:
    deadline, before = time.monotonic() + 60, set(folder.rglob("*.parquet"))
    while not set(folder.rglob("*.parquet")) - before:
        assert writer.poll() is None, "the writer ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.005)
