"""The connection to MLflow: made on first use, told from a bug when it is lost."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from labline.errors import Unreachable

_AWAY = ("ConnectionError", "OperationalError", "ConnectTimeout", "ReadTimeout", "MaxRetryError")
#: seconds that a server has to open its door
_PATIENCE = 3.0
_PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}


class Connection:
    """MLflow's client for one tracking server or database.

    Parameters
    ----------
    uri
        MLflow tracking URI; it serves as registry URI too.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def ping(self) -> None:
        """Return if MLflow answers.

        Raises
        ------
        Unreachable
            It does not.
        """
        self.knock()
        with self.answering():
            self.client.search_experiments(max_results=1)

    def knock(self) -> None:
        """Return if the door of a server, or of a database's server, opens; costs milliseconds.

        MLflow itself would try again for minutes, and loads for seconds.

        Raises
        ------
        Unreachable
            It does not.
        """
        try:
            if self.remote:
                self._ask_health()
            elif (door := _door(self.uri)) is not None:
                socket.create_connection(door, timeout=_PATIENCE).close()
        except (OSError, ValueError) as error:  # ValueError: a port or name that can be none
            raise self._unreachable(error) from error

    @cached_property
    def client(self) -> Any:
        """MLflow's own client, connected.

        Raises
        ------
        Unreachable
            Nothing answers at the URI.
        """
        self.knock()
        for name, value in _MANNERS.items():
            os.environ.setdefault(name, value)
        # MLflow and Alembic announce each of some fifty migrations of a new database.
        for noisy in ("alembic", "mlflow.store.db.utils", "mlflow.tracking"):
            logging.getLogger(noisy).setLevel(logging.WARNING)
        import mlflow

        with _unchanged("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI"):
            mlflow.set_tracking_uri(self.uri)
            mlflow.set_registry_uri(self.uri)
        with _alone(self.uri):
            return mlflow.MlflowClient(self.uri, self.uri)

    @property
    def remote(self) -> bool:
        """Whether a server answers, not a database."""
        return urlsplit(self.uri).scheme in ("http", "https")

    def _ask_health(self) -> None:
        import httpx

        try:
            httpx.get(f"{self.uri.rstrip('/')}/health", timeout=_PATIENCE, trust_env=True)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    def _unreachable(self, error: Exception) -> Unreachable:
        what = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return Unreachable(
            f"MLflow at {_without_password(self.uri)} does not answer: {what}",
            fix="Start it, or correct MLFLOW_TRACKING_URI.",
        )

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Turn a lost server into :class:`Unreachable` within the block."""
        try:
            yield
        except Unreachable:
            raise
        except Exception as error:
            if any(type(cause).__name__ in _AWAY for cause in _causes(error)) or _says_away(error):
                self.__dict__.pop("client", None)
                raise self._unreachable(error) from error
            raise


_MANNERS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "GIT_PYTHON_REFRESH": "quiet",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def _door(uri: str) -> tuple[str, int] | None:
    """Return host and port of a database's server; ``None`` unless there is just one."""
    parts = urlsplit(uri)
    default = _PORTS.get(parts.scheme.partition("+")[0])
    # "host" in the query may be a folder, or several hosts, as may stand in the address itself.
    several = "," in parts.netloc or "host" in parse_qs(parts.query)
    if default is None or several or not parts.hostname:
        return None
    return parts.hostname, parts.port or default


@contextmanager
def _unchanged(*names: str) -> Iterator[None]:
    # MLflow exports its URI; another project's process must not inherit it from this one.
    before = {name: os.environ.get(name) for name in names}
    yield
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Let one process at a time open a SQLite database: MLflow migrates a new one unlocked."""
    if not uri.startswith("sqlite:///"):
        yield
        return
    database = Path(uri.removeprefix("sqlite:///"))
    database.parent.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        yield
        return
    import fcntl

    with database.with_suffix(".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _says_away(error: Exception) -> bool:
    text = str(error)
    return "Max retries exceeded" in text or "(sqlite3.OperationalError)" in text


def _without_password(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.password is None:
        return uri
    return uri.replace(f":{parts.password}@", ":***@")
