"""Open the labline database, SQLite or Postgres, at the present schema."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa

# Where one thread imports it first, another meets it half imported.
import sqlalchemy.orm
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from labline.errors import Unreachable

SCHEMA = "labline"
VERSION_TABLE = "labline_schema_version"
HEAD = "0005"
_MIGRATIONS = Path(__file__).with_name("migrations")
# Any fixed number: it names labline's own advisory lock on Postgres.
_LOCK = 0x1AB11E


class Database:
    """Connections to the labline database.

    Parameters
    ----------
    url
        SQLAlchemy URL; ``sqlite:///...`` or ``postgresql+psycopg://...``.
    """

    def __init__(self, url: str) -> None:
        self.url = sa.make_url(url)
        self._opening = threading.Lock()

    @property
    def on_postgres(self) -> bool:
        """Whether several machines can share this database."""
        return self.url.get_backend_name() == "postgresql"

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Connect for reading.

        Raises
        ------
        Unreachable
            The database does not answer.
        """
        with self._answering(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, *, exclusive: bool = False) -> Iterator[sa.Connection]:
        """Connect in one transaction, committed at the end of the block.

        With `exclusive` no other process is in an exclusive block at the same time.

        Raises
        ------
        Unreachable
            The database does not answer.
        """
        with self._answering(), self._engine.begin() as connection:
            if self.on_postgres:
                if exclusive:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            else:
                # A deferred SQLite transaction that turns writer late fails where it could wait.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def close(self) -> None:
        """Close all connections."""
        if "_engine" in self.__dict__:
            self._engine.dispose()

    @contextmanager
    def _answering(self) -> Iterator[None]:
        with self._opening:
            self._open()
        try:
            yield
        except OperationalError as error:
            raise self._unreachable(error) from error

    def _open(self) -> None:
        try:
            _ = self._engine
        except OperationalError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: OperationalError) -> Unreachable:
        place = self.url.render_as_string(hide_password=True)
        if not self.on_postgres:
            return Unreachable(
                f"The database {place} cannot be used: {error.orig}",
                fix="See that its disk has room, and that its folder can be written to.",
            )
        return Unreachable(
            f"The database {place} does not answer: {error.orig}",
            fix="Start it, or correct LABLINE_DATABASE_URL.",
        )

    @cached_property
    def _engine(self) -> sa.Engine:
        engine = self._connect()
        migrate(engine)
        return engine

    def _connect(self) -> sa.Engine:
        if self.on_postgres:
            engine = sa.create_engine(self.url, pool_pre_ping=True, pool_size=4)
            return engine.execution_options(schema_translate_map={None: SCHEMA})
        if self.url.database:
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(self.url, connect_args={"timeout": 30})
        sa.event.listen(engine, "connect", _tune_sqlite)
        return engine


def _tune_sqlite(connection: Any, _: ConnectionPoolEntry) -> None:
    # Transactions are begun by hand, see Database.writing.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA busy_timeout=30000")
    connection.execute("PRAGMA synchronous=NORMAL")


def migrate(engine: sa.Engine) -> None:
    """Bring the schema to :data:`HEAD`; several processes may call this at once."""
    with engine.connect() as connection:
        if _version(connection) == HEAD:
            return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    postgres = engine.dialect.name == "postgresql"
    with engine.connect() as connection:
        if postgres:
            connection.execute(sa.select(sa.func.pg_advisory_lock(_LOCK)))
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        else:
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
        if _version(connection) != HEAD:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        connection.commit()
        if postgres:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_LOCK)))
            connection.commit()


def _version(connection: sa.Connection) -> str | None:
    schema = SCHEMA if connection.dialect.name == "postgresql" else None
    if not sa.inspect(connection).has_table(VERSION_TABLE, schema=schema):
        return None
    place = f"{SCHEMA}.{VERSION_TABLE}" if schema else VERSION_TABLE
    return connection.exec_driver_sql(f"SELECT version_num FROM {place}").scalar()
