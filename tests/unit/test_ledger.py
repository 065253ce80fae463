"""The ledger on SQLite."""

import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from labline.database import Database
from labline.database import ledger as table
from labline.errors import BadInput, BadSettings, Conflict
from labline.ledger import GENESIS, Ledger, LedgerBroken, Seal, digest, make_key
from labline.records import to_dict
from labline.settings import LedgerSettings


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


DAMAGE = {
    "a row is changed": (
        "UPDATE ledger SET actor = 'eve' WHERE number = 2",
        "entry 2 .* was altered: its content does not give its hash",
    ),
    "evidence is changed": (
        "UPDATE ledger SET payload = '{}' WHERE number = 1",
        "entry 1 .* was altered",
    ),
    "evidence is made no JSON": (
        "UPDATE ledger SET payload = '{' WHERE number = 1",
        "entry 1 .* was altered",
    ),
    "a row is deleted": ("DELETE FROM ledger WHERE number = 2", "entry 2 is missing"),
    "the first row is deleted": ("DELETE FROM ledger WHERE number = 1", "entry 1 is missing"),
    "two rows change places": (
        "UPDATE ledger SET number = CASE number WHEN 2 THEN -3 ELSE -2 END WHERE number IN (2, 3);"
        "UPDATE ledger SET number = -number WHERE number < 0",
        "entry 2 .* was altered",
    ),
    "a row follows another": (
        "UPDATE ledger SET previous = hash WHERE number = 3",
        "entry 3 .* was altered",
    ),
    "a row is put in": (
        "INSERT INTO ledger SELECT 0, at, actor, action, model, subject, payload, 'x', previous, "
        "hash, signer, signature FROM ledger WHERE number = 1",
        "entry 1 is missing",
    ),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGE.values(), ids=list(DAMAGE))
def test_damage_is_found_at_its_place(database: Database, damage: str, words: str) -> None:
    ledger = Ledger(database)
    for key in "abc":
        append(ledger, key)
    with database.writing() as connection:
        for statement in damage.split(";"):
            connection.exec_driver_sql(statement)
    with pytest.raises(LedgerBroken, match=words):
        ledger.verify()


def rewrite(database: Database, number: int, **changes: Any) -> None:
    """Change an entry as somebody would who knows how hashes are made."""
    with database.writing() as connection:
        where = table.c.number == number
        row = dict(connection.execute(sa.select(table).where(where)).one()._mapping) | changes
        row["hash"] = digest(row)
        connection.execute(sa.update(table).where(where).values(**row))


def test_an_entry_that_was_written_anew_with_its_hash_does_not_fit_the_next(
    database: Database,
) -> None:
    ledger = Ledger(database)
    for key in "abc":
        append(ledger, key)
    rewrite(database, 2, actor="eve")
    with pytest.raises(LedgerBroken, match=r"entry 3 .* does not follow entry 2") as caught:
        ledger.verify()
    assert caught.value.details == {"entry": 3}


def test_an_end_that_was_cut_off_is_found_by_an_anchor(database: Database) -> None:
    ledger = Ledger(database)
    for key in "abc":
        append(ledger, key)
    anchor = ledger.audit().anchor
    append(ledger, "d")
    assert ledger.audit(anchor).entries == 4
    with database.writing() as connection:
        connection.exec_driver_sql("DELETE FROM ledger WHERE number > 2")
    assert ledger.verify() == 2
    with pytest.raises(LedgerBroken, match="ends at entry 2 and has no entry 3"):
        ledger.audit(anchor)
    with pytest.raises(LedgerBroken, match="No entry of the ledger has the hash"):
        ledger.audit(anchor.partition(":")[2])
    append(ledger, "e")
    with pytest.raises(LedgerBroken, match="entry 3 is not the one that had the hash"):
        ledger.audit(anchor)


@pytest.mark.parametrize("anchor", ["3", "x:1234567890", "3:", "3:zzzzzzzzzz"])
def test_what_is_no_anchor_is_bad_input(database: Database, anchor: str) -> None:
    with pytest.raises(BadInput, match="is no anchor"):
        Ledger(database).audit(anchor)


def test_an_export_is_checked_without_the_database(database: Database) -> None:
    ledger = Ledger(database)
    for key in "abc":
        append(ledger, key)
    lines = [json.dumps(to_dict(entry)) for entry in reversed(ledger.entries())]
    elsewhere = Ledger(Database("sqlite:////nowhere/at/all.db"))
    assert elsewhere.audit_export(lines) == ledger.audit()
    with pytest.raises(LedgerBroken, match=r"entry 2 .* was altered"):
        elsewhere.audit_export([lines[0], lines[1].replace('"r2": 1', '"r2": 2'), lines[2]])
    for wrong in ("{", "[]", "{}"):
        with pytest.raises(LedgerBroken, match="Line 2 of the export is no entry"):
            elsewhere.audit_export([lines[0], wrong])


# -- signatures ------------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path) -> tuple[str, str]:
    """Return where a private key is and its public half."""
    file = tmp_path / "keys" / "ledger.key"
    public = make_key(file)
    assert file.stat().st_mode & 0o777 == 0o600
    return f"file:{file}", public


def seal(**settings: Any) -> Seal:
    return Seal(LedgerSettings(**settings))


def test_signed_entries_are_verified_with_the_public_key_alone(
    database: Database, key: tuple[str, str]
) -> None:
    append(Ledger(database), "before")
    rule = {"signers": {"worker": key[1]}, "signed_from": 2}
    signing = Ledger(database, seal(key=key[0], **rule))
    append(signing, "a"), append(signing, "b")
    audit = Ledger(database, seal(**rule)).audit()
    assert (audit.entries, audit.signed) == (3, {"worker": 2})
    assert Ledger(database).audit().signed == {key[1]: 2}
    lines = [json.dumps(to_dict(entry)) for entry in reversed(signing.entries())]
    assert Ledger(Database("sqlite:////no.db"), seal(**rule)).audit_export(lines) == audit


def test_a_chain_that_was_written_anew_needs_the_key(
    database: Database, key: tuple[str, str], tmp_path: Path
) -> None:
    rule = {"signers": {"worker": key[1]}}
    ledger = Ledger(database, seal(key=key[0], **rule))
    append(ledger, "a")
    rewrite(database, 1, actor="eve")
    with pytest.raises(LedgerBroken, match="signature of ledger entry 1 is not ed25519:"):
        ledger.verify()
    rewrite(database, 1, signer=None, signature=None)
    with pytest.raises(LedgerBroken, match="entry 1 is not signed"):
        ledger.verify()
    other = tmp_path / "other.key"
    forged = Seal(LedgerSettings(key=f"file:{other}"))
    make_key(other)
    with database.reading() as connection:
        hash = connection.execute(sa.select(table.c.hash)).scalar_one()
    rewrite(database, 1, **forged.sign(hash))
    with pytest.raises(LedgerBroken, match="who is no signer"):
        ledger.verify()


def test_who_has_no_key_does_not_add_to_a_signed_ledger(
    database: Database, key: tuple[str, str]
) -> None:
    signers = {"worker": key[1]}
    with pytest.raises(BadSettings, match="has no key to sign with"):
        append(Ledger(database, seal(signers=signers)), "a")
    with pytest.raises(BadSettings, match="LEDGER_KEY is not set"):
        append(Ledger(database, seal(key="env:LEDGER_KEY", signers=signers)), "a")
    with pytest.raises(BadSettings, match="cannot be read"):
        append(Ledger(database, seal(key="file:/no/such/key")), "a")
    assert Ledger(database).verify() == 0


def test_a_key_comes_from_the_environment_on_one_line_or_many(
    database: Database, key: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Path(key[0].removeprefix("file:")).read_text()
    ledger = Ledger(database, seal(key="env:LEDGER_KEY", signers={"ci": key[1]}))
    for number, value in enumerate([text, text.strip().replace("\n", "\\n")]):
        monkeypatch.setenv("LEDGER_KEY", value)
        append(ledger, str(number))
    assert ledger.audit().signed == {"ci": 2}
    monkeypatch.setenv("LEDGER_KEY", "hunter2")
    with pytest.raises(BadSettings, match="is no private key") as caught:
        append(ledger, "no")
    assert "hunter2" not in str(caught.value)


def test_a_key_that_is_no_signers_is_refused(
    database: Database, key: tuple[str, str], tmp_path: Path
) -> None:
    other = make_key(tmp_path / "other.key")
    with pytest.raises(BadSettings, match=r"is not one of \[ledger.signers\]"):
        append(Ledger(database, seal(key=key[0], signers={"else": other})), "a")


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    make_key(tmp_path / "a.key")
    with pytest.raises(Conflict, match="is there already"):
        make_key(tmp_path / "a.key")


def _append_many(url: str, who: int) -> None:
    ledger = Ledger(Database(url))
    for number in range(10):
        append(ledger, f"{who}-{number}")


def test_processes_that_append_at_once_keep_one_chain(database: Database) -> None:
    url = str(database.url)
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        list(pool.map(_append_many, [url] * 4, range(4)))
    assert Ledger(database).verify() == 40
