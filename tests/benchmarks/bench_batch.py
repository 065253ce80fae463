"""B10: 10 million rows of Parquet, scored in a batch, against ``model.predict`` in one process.

Rates are those of scoring: the peer's imports and its loading of the model are left out, and so is
the start of our workers, which ends where each has done its first piece.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from run import Row

IDS = ["B10"]
ROWS = int(os.environ.get("BENCH_BATCH_ROWS", "10000000"))
GROUP = 250_000
NAMES = list("abcdefghij")
TIMES = 3

PEER = """
import sys, time
import mlflow.sklearn, pyarrow as pa, pyarrow.parquet as pq
model = mlflow.sklearn.load_model(sys.argv[1])
began = time.perf_counter()
writer = None
for batch in pq.ParquetFile(sys.argv[2]).iter_batches(65536, use_threads=False):
    rows = batch.to_pandas(use_threads=False)
    said = pa.table({"prediction": model.predict(rows)})
    writer = writer or pq.ParquetWriter(sys.argv[3], said.schema)
    writer.write_table(said)
writer.close()
print(time.perf_counter() - began)
"""


def rows() -> list[Row]:
    """Compare rows a second, on one worker and on two; and what memory a worker has come to."""
    from labline.batch import Subject

    with tempfile.TemporaryDirectory() as folder:
        model, data = _model(Path(folder)), _data(Path(folder))
        from labline.tracking.models import digest

        inputs = tuple({"name": name, "type": "double", "required": True} for name in NAMES)
        subject = Subject("bench/1", digest(model), model, inputs)
        peers, ones, twos, growths = [], [], [], []
        for turn in range(TIMES):
            peers.append(_peer(model, data, Path(folder, f"peer-{turn}.parquet")))
            one = _ours(subject, data, Path(folder, f"one-{turn}"), 1)
            two = _ours(subject, data, Path(folder, f"two-{turn}"), 2)
            ones.append(one.rate)
            twos.append(two.rate)
            growths.append((one.peak, one.early))
    peer, one, two = map(statistics.median, (peers, ones, twos))
    scaling = statistics.median(b / a for a, b in zip(ones, twos, strict=True))
    late, early = max(growths, key=lambda pair: pair[0] / pair[1])
    millions = f"{ROWS / 1e6:g}M rows"
    return [
        Row("B10", f"{millions}, one worker", one, peer, one / peer, ">= 0.9x the peer",
            one / peer >= 0.9, "rows/s"),
        Row("B10", f"{millions}, two workers versus one", two, one, scaling, ">= 1.8x",
            scaling >= 1.8, "rows/s"),
        Row("B10", "memory of a worker, at the end versus after a quarter", late, early,
            late / early, "<= 1.1x", late / early <= 1.1, "MiB"),
    ]  # fmt: skip


def _model(folder: Path) -> Path:
    from sklearn.linear_model import Ridge

    from labline.tracking import models

    table = pd.DataFrame(np.random.default_rng(0).random((100, len(NAMES))), columns=NAMES)
    model = Ridge().fit(table, table["a"])
    models.save(model, folder / "model", example=table, requirements=["scikit-learn"])
    return folder / "model"


def _data(folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path, generator = folder / "data.parquet", np.random.default_rng(1)
    schema = pa.schema([(name, pa.float64()) for name in NAMES])
    with pq.ParquetWriter(path, schema, use_dictionary=False) as writer:
        for _ in range(ROWS // GROUP):
            columns = {name: generator.random(GROUP) for name in NAMES}
            writer.write_table(pa.table(columns, schema=schema), row_group_size=GROUP)
    return path


def _peer(model: Path, data: Path, output: Path) -> float:
    """Return the rows a second of ``model.predict`` over the file, on one core."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PEER, str(model), str(data), str(output)],
        env={**os.environ, **threads}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return ROWS / float(done.stdout)


@dataclass
class _Seen:
    """What was seen of one batch."""

    #: number of pieces, rows, time
    looks: list[tuple[int, int, float]] = field(default_factory=list)
    #: rows/s once all workers were at it
    rate: float = 0.0
    #: largest worker, MiB: over all, and until a quarter was done
    peak: float = 0.0
    early: float = 0.0

    def __call__(self, told: Mapping[str, Any]) -> None:
        self.looks.append((told["done"], told["rows"], time.perf_counter()))

    @property
    def share(self) -> float:
        """Share of the rows that is done."""
        return self.looks[-1][1] / ROWS if self.looks else 0.0


def _ours(subject: Any, data: Path, output: Path, workers: int) -> _Seen:
    from labline.batch import Order, run

    seen = _Seen()
    order = Order(str(data), str(output), workers=workers, piece_rows=GROUP)
    with _watched(seen):
        run(order, subject, actor="bench", record=lambda _: None, progress=seen)
    start = next(look for look in seen.looks if look[0] >= workers)
    end = seen.looks[-1]
    seen.rate = (end[1] - start[1]) / (end[2] - start[2])
    return seen


@contextmanager
def _watched(seen: _Seen) -> Iterator[None]:
    """Follow how large the workers are within the block."""
    ended = threading.Event()
    me = psutil.Process()

    def watch() -> None:
        while not ended.wait(0.1):
            size = max(itertools.chain([0], map(_size, me.children())))
            seen.peak = max(seen.peak, size)
            if seen.share <= 0.25:
                seen.early = seen.peak

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _size(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 2**20
    except psutil.Error:
        return 0.0
