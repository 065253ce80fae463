"""MLflow's databases on SQLite, migrated once: each new one is a copy of the first."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from labline.tracking import connection

_SQLITE = "sqlite:///"


@contextmanager
def copied(template: Path) -> Iterator[None]:
    """Have each new database that this process opens be a copy of `template`, the first one.

    MLflow makes one by some seventy migrations, which take two seconds of processor time. The
    first one, and those that other processes make, are made so.
    """
    alone = connection._alone

    @contextmanager
    def opening(uri: str) -> Iterator[None]:
        database = Path(uri.removeprefix(_SQLITE))
        with alone(uri):
            is_new = uri.startswith(_SQLITE) and not database.exists()
            if is_new and template.exists():
                _copy(template, database)
            yield
            if is_new and not template.exists():
                _keep(database, template)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "_alone", opening)
        yield


def _keep(database: Path, template: Path) -> None:
    half = template.with_suffix(f".{threading.get_ident()}")
    _copy(database, half)
    with closing(sqlite3.connect(half)) as kept:
        # The first experiment says where its artifacts are; MLflow adds it where there is none.
        kept.execute("DELETE FROM experiments")
        kept.commit()
    half.rename(template)


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
