"""The journal is on disk, whole lines, whatever goes wrong."""

import json
import os
import stat
from pathlib import Path

import pytest

from labline.kernel.journal import Journal, NotWritten


def lines(journal: Journal) -> list[dict[str, object]]:
    return [json.loads(line) for line in journal.path.read_text().splitlines()]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "recordings" / "one.jsonl")


def test_events_are_numbered_timed_and_in_order(journal: Journal) -> None:
    for value in range(100):
        journal.put({"event": "metrics", "value": value})
    journal.flush()
    written = lines(journal)
    assert [line["n"] for line in written] == list(range(1, 101))
    assert [line["value"] for line in written] == list(range(100))
    assert all(isinstance(line["at"], float) for line in written)
    journal.close()


def test_a_flush_can_be_followed_by_more(journal: Journal) -> None:
    journal.put({"event": "a"})
    journal.flush()
    journal.put({"event": "b"})
    journal.close()
    assert [line["event"] for line in lines(journal)] == ["a", "b"]


def test_a_call_is_made_in_the_writers_thread_and_may_fail(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    journal.put(lambda: {"event": "a", "made": True})
    journal.put(lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    journal.put(lambda: None)
    journal.put({"event": "b"})
    journal.close()
    assert [line["event"] for line in lines(journal)] == ["a", "b"]
    assert "could not capture" in caplog.text


def test_secrets_do_not_reach_the_disk(journal: Journal) -> None:
    journal.put({"event": "execution", "source": "password = 'hunter2'"})
    journal.close()
    assert "hunter2" not in journal.path.read_text()


def test_only_the_user_can_read_it(journal: Journal) -> None:
    journal.close()
    assert stat.S_IMODE(journal.path.stat().st_mode) == 0o600


def test_closing_twice_is_closing_once(journal: Journal) -> None:
    journal.close()
    journal.close()


def test_a_disk_that_is_full_for_a_while_loses_nothing(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, full = os.write, [True]

    def half(descriptor: int, data: bytes) -> int:
        if descriptor == journal._descriptor and full[0]:
            full[0] = False
            write(descriptor, data[: len(data) // 2])
            raise OSError(28, "No space left on device")
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", half)
    journal.put({"event": "a"})
    with pytest.raises(NotWritten, match="No space left"):
        journal.flush()
    journal.put({"event": "b"})
    journal.close()
    whole = [line for line in journal.path.read_text().splitlines() if line.endswith("}")]
    assert [json.loads(line)["event"] for line in whole] == ["a", "b"]
