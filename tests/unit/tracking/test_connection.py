"""Whether MLflow's server, or its database's, is there: told at once, without MLflow."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from labline.errors import Unreachable
from labline.tracking.connection import Connection


@pytest.fixture
def open_door() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "postgresql", "postgresql+psycopg", "mysql+pymysql"])
def test_a_server_that_is_away_is_told_at_once_and_without_its_password(
    scheme: str, free_port: int
) -> None:
    connection = Connection(f"{scheme}://lab:secret@127.0.0.1:{free_port}/mlflow")
    began = time.monotonic()
    for ask in (connection.knock, connection.ping):
        with pytest.raises(Unreachable, match="does not answer") as refused:
            ask()
        assert "secret" not in str(refused.value)
    assert time.monotonic() - began < 10


def test_a_server_whose_name_nobody_knows_is_told() -> None:
    with pytest.raises(Unreachable, match="nowhere"):
        Connection("postgresql://lab@nowhere.invalid/mlflow").knock()
    with pytest.raises(Unreachable):
        Connection(f"postgresql://lab@{'a' * 80}.invalid/mlflow").knock()
    with pytest.raises(Unreachable, match="99999"):
        Connection("postgresql://lab@127.0.0.1:99999/mlflow").knock()


def test_a_database_whose_door_opens_is_there(open_door: int) -> None:
    Connection(f"postgresql+psycopg://lab@127.0.0.1:{open_door}/mlflow").knock()


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite:////nowhere/mlflow.db",
        "postgresql:///mlflow",
        "postgresql://lab@/mlflow?host=/run/postgresql",
        "postgresql://lab@127.0.0.1:1/mlflow?host=one,two",
        "postgresql://lab@127.0.0.1:1,127.0.0.1:2/mlflow",
    ],
)
def test_what_has_no_one_door_is_left_to_its_driver(uri: str) -> None:
    Connection(uri).knock()


def test_who_knocks_does_not_load_mlflow(open_door: int) -> None:
    program = f"""
import sys
from labline.tracking.connection import Connection
Connection("postgresql://lab@127.0.0.1:{open_door}/mlflow").knock()
print(sorted({{"mlflow", "sqlalchemy", "pandas"}} & set(sys.modules)))
"""
    run = [sys.executable, "-c", program]
    assert subprocess.run(run, check=True, capture_output=True, text=True).stdout.strip() == "[]"
