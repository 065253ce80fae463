"""Which runs are on a page, asked of MLflow's own tables where its store is a database.

MLflow's search sorts 10,000 runs by a metric in 18 s on SQLite, and counts nothing; the tables
``runs``, ``latest_metrics`` and ``params`` answer both in milliseconds. They are only read.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

_runs = sa.table(
    "runs",
    *map(sa.column, ("run_uuid", "name", "status", "start_time", "end_time")),
    *map(sa.column, ("experiment_id", "lifecycle_stage")),
)
_COLUMNS = {
    "started": _runs.c.start_time,
    "ended": _runs.c.end_time,
    "name": _runs.c.name,
    "status": _runs.c.status,
}
_TABLES = {"metrics": "latest_metrics", "params": "params", "tags": "tags"}


def ids(
    uri: str, experiments: Sequence[str], part: str, sort: str, *, limit: int, offset: int
) -> tuple[list[str], int]:
    """Return the ids of the runs on a page, and how many runs there are.

    Parameters
    ----------
    uri
        SQLAlchemy URL of MLflow's database.
    experiments
        Ids of experiments.
    part
        Part of the runs' names; empty for all.
    sort
        A column, ``metrics.NAME``, ``params.NAME`` or ``tags.NAME``; ``-`` before it is downwards.
    """
    chosen = [
        _runs.c.experiment_id.in_([int(id) for id in experiments]),
        _runs.c.lifecycle_stage == "active",
    ]
    if part:
        chosen.append(sa.func.lower(_runs.c.name).contains(part.lower(), autoescape=True))
    source, order = _ordered(sort.removeprefix("-"), down=sort.startswith("-"))
    page = sa.select(_runs.c.run_uuid).select_from(source).where(*chosen).order_by(*order)
    count = sa.select(sa.func.count()).select_from(_runs).where(*chosen)
    engine = sa.create_engine(uri, poolclass=sa.NullPool)
    with engine.connect() as connection:
        found = connection.execute(page.limit(limit).offset(offset)).scalars().all()
        return list(found), int(connection.execute(count).scalar_one())


def _ordered(name: str, *, down: bool) -> tuple[Any, list[Any]]:
    source: Any
    kind, _, key = name.partition(".")
    if kind in _TABLES:
        held = sa.table(_TABLES[kind], sa.column("run_uuid"), sa.column("key"), sa.column("value"))
        same = sa.and_(held.c.run_uuid == _runs.c.run_uuid, held.c.key == key)
        source, column = sa.outerjoin(_runs, held, same), held.c.value
    else:
        source, column = _runs, _COLUMNS[name]
    by = column.desc() if down else column.asc()
    return source, [column.is_(None), by, _runs.c.start_time.desc(), _runs.c.run_uuid]
