"""A batch is killed with SIGKILL, wherever it is; the same command goes on."""

import random
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
from tests.integration.batches import expected, open_lab, table

from labline.batch import Order

BATCH = """
import os, signal, sys
from labline.batch import Order
from labline.lab import Lab

def look(told):
    if told["done"] == int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    order = Order(sys.argv[2], sys.argv[3], ("id",), workers=1, piece_rows=1000)
    Lab.from_(sys.argv[1]).batch.score("sums", order, progress=look)
"""


@pytest.fixture
def begin(tmp_path):
    """Begin a batch in a process that kills itself after so many pieces."""
    (tmp_path / "killed.py").write_text(BATCH)

    def begin(lab, source, after: int) -> subprocess.Popen[bytes]:
        words = (lab.settings.root, source, tmp_path / "out", after)
        return subprocess.Popen(
            [sys.executable, tmp_path / "killed.py", *map(str, words)], cwd=tmp_path
        )

    return begin


def finish(lab, source, output, rows):
    """Go on to the end, and return what it came to; the output must be whole and right."""
    order = Order(str(source), str(output), ("id",), piece_rows=1000, workers=1)
    done = lab.batch.score("sums", order)
    found = pd.read_parquet(output)
    assert found["id"].tolist() == rows["id"].tolist()
    assert np.array_equal(found["prediction"], expected(lab, rows))
    assert len(lab.ledger.entries(key=f"batch/{done.id}")) == 1
    names = {each.name for each in output.iterdir() if not each.name.startswith("part-")}
    assert names == {"_labline.json", "_plan.json"}
    return done


def test_what_a_killed_batch_has_scored_is_not_scored_again(
    tmp_path, leaves_nothing_running, begin
):
    lab, rows, source = open_lab(tmp_path / "project"), table(4000), tmp_path / "in.parquet"
    rows.to_parquet(source, row_group_size=1000, index=False)
    assert begin(lab, source, 2).wait(timeout=120) == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    assert finish(lab, source, tmp_path / "out", rows).resumed >= 2000


@pytest.mark.proof
@pytest.mark.parametrize("seed", range(5))
def test_a_batch_survives_every_kill(tmp_path, leaves_nothing_running, begin, seed):
    lab, rows, source = open_lab(tmp_path / "project"), table(40_000), tmp_path / "in.parquet"
    rows.to_parquet(source, row_group_size=1000, index=False)
    chance = random.Random(seed)
    for _ in range(6):
        process = begin(lab, source, -1)
        time.sleep(chance.uniform(0, 8))
        process.kill()
        process.wait()
        if (tmp_path / "out").exists():
            break
    if not (tmp_path / "out").exists():
        finish(lab, source, tmp_path / "out", rows)
    assert len(pd.read_parquet(tmp_path / "out")) == 40_000
