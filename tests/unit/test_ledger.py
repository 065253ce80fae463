"""The ledger on SQLite."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from labline.database import Database
from labline.ledger import GENESIS, Ledger, LedgerBroken


def append(ledger: Ledger, key: str) -> int:
    entry = ledger.append(
        actor="ada", action="promoted", model="m", subject="m/1 -> prod", key=key, payload={"r2": 1}
    )
    return entry.number


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(f"sqlite:///{tmp_path}/labline.db")


def test_entries_are_chained_from_genesis(database: Database) -> None:
    ledger = Ledger(database)
    append(ledger, "a"), append(ledger, "b")
    second, first = ledger.entries()
    assert (first.previous, second.previous) == (GENESIS, first.hash)
    assert ledger.verify() == 2


def test_the_same_key_is_recorded_once(database: Database) -> None:
    ledger = Ledger(database)
    assert append(ledger, "a") == append(ledger, "a") == 1


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("UPDATE ledger SET actor = 'eve' WHERE number = 2", "entry 2 .* was altered"),
        ("UPDATE ledger SET payload = '{}' WHERE number = 1", "entry 1 .* was altered"),
        ("DELETE FROM ledger WHERE number = 2", "entry 2 is missing"),
        ("UPDATE ledger SET previous = hash WHERE number = 3", "entry 3 .* was altered"),
    ],
)
def test_damage_is_found_at_its_place(database: Database, damage: str, words: str) -> None:
    ledger = Ledger(database)
    for key in "abc":
        append(ledger, key)
    with database.writing() as connection:
        connection.exec_driver_sql(damage)
    with pytest.raises(LedgerBroken, match=words):
        ledger.verify()


def _append_many(url: str, who: int) -> None:
    ledger = Ledger(Database(url))
    for number in range(10):
        append(ledger, f"{who}-{number}")


def test_processes_that_append_at_once_keep_one_chain(database: Database) -> None:
    url = str(database.url)
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        list(pool.map(_append_many, [url] * 4, range(4)))
    assert Ledger(database).verify() == 40
