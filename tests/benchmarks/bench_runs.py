"""B8: a page of 10,000 runs, filtered, sorted and counted by labline's server half."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
from run import Row, median

from labline.lab import Lab

IDS = ["B8"]
RUNS = 10_000
QUESTIONS: dict[str, dict[str, Any]] = {
    "newest": {},
    "deep down": {"offset": 9_000},
    "by a metric": {"sort": "-metrics.auc"},
    "part of a name": {"filter": "run 77"},
}


def seed(lab: Lab, count: int) -> None:
    """Write runs with three metrics and three parameters each into MLflow's own tables."""
    first = lab.tracking.create_run(lab.settings.project.name, "seed")
    lab.tracking.end_run(first.id)
    (experiment,) = lab.tracking.experiment_ids(lab.settings.project.name)
    database = sqlite3.connect(lab.settings.mlflow_uri.removeprefix("sqlite:///"))
    ids = [uuid4().hex for _ in range(count - 1)]
    with database:
        database.executemany(
            "INSERT INTO runs (run_uuid, name, status, start_time, end_time, lifecycle_stage, "
            "artifact_uri, experiment_id, user_id, source_type) "
            "VALUES (?, ?, 'FINISHED', ?, ?, 'active', '', ?, 'ada', 'LOCAL')",
            [(id, f"run {n}", 10**12 + n * 1000, 10**12 + n * 1000 + 500, experiment)
             for n, id in enumerate(ids)],
        )  # fmt: skip
        metrics = [(id, name, (n * 7919 % 10_000) / 10_000, 0)
                   for n, id in enumerate(ids) for name in ("auc", "loss", "r2")]  # fmt: skip
        database.executemany(
            "INSERT INTO latest_metrics (run_uuid, key, value, timestamp, step, is_nan) "
            "VALUES (?, ?, ?, 0, ?, 0)", metrics
        )  # fmt: skip
        database.executemany(
            "INSERT INTO params (run_uuid, key, value) VALUES (?, ?, ?)",
            [(id, name, str(n % 10)) for n, id in enumerate(ids)
             for name in ("alpha", "depth", "seed")],
        )  # fmt: skip
        database.executemany(
            "INSERT INTO tags (run_uuid, key, value) VALUES (?, 'mlflow.runName', ?)",
            [(id, f"run {n}") for n, id in enumerate(ids)],
        )
    database.close()


def rows() -> list[Row]:
    """Measure every question, and MLflow's own search for a first page beside the first."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        (Path(folder) / "labline.toml").write_text('[project]\nname = "churn"\n')
        lab = Lab.from_(folder)
        seed(lab, RUNS)
        ids = lab.tracking.experiment_ids("churn")
        theirs = median(lambda: lab.tracking.client.search_runs(ids, max_results=50))
        return [_row(lab, name, theirs) for name in QUESTIONS]


def _row(lab: Lab, name: str, theirs: float) -> Row:
    asked = {"limit": 50, "offset": 0, "sort": "-started", **QUESTIONS[name]}
    mine = median(lambda: orjson.dumps(lab.views.runs.page(None, **asked).items))
    work = f"page of {RUNS:,} runs, {name}; counted"
    return Row(
        "B8", work, mine * 1000, theirs * 1000, mine / theirs, "<= 200 ms", mine <= 0.2, "ms"
    )
