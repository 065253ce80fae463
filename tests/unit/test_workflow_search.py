"""Workflows are found by words, in the database."""

from pathlib import Path

import pytest

from labline.database import Database
from labline.records import JobStatus
from labline.settings import Settings
from labline.workflows import Workflows


@pytest.fixture
def workflows(tmp_path, monkeypatch):
    monkeypatch.delenv("LABLINE_DATABASE_URL", raising=False)
    settings = Settings.load(tmp_path)
    made = Workflows(settings, Database(settings.database))
    for name in ("job", "other"):
        made.register(name, lambda flow, payload: None, queue="jobs")
    yield made
    made.close()


def found(workflows: Workflows, text: str, **options) -> tuple[list[str], int]:
    states, total = workflows.search("job", text, **options)
    return [state.id for state in states], total


def submit(workflows: Workflows, *words: str) -> None:
    for number, said in enumerate(words):
        workflows.submit("job", {"n": number}, id=f"id-{number}", words=said)


def test_words_are_found_in_any_case_and_as_they_are(workflows):
    submit(workflows, "Notebooks/Train.ipynb rate=100%", "Größe.ipynb rate=1000", "a_b.ipynb")
    for text, ids in (
        ("train", ["id-0"]), ("GRÖSSE", []), ("GRÖßE", ["id-1"]), ("100%", ["id-0"]),
        ("rate=100", ["id-1", "id-0"]), ("a_b", ["id-2"]), ("aXb", []), ("ID-2", ["id-2"]),
        ("queue", ["id-2", "id-1", "id-0"]), ("succeeded", []), ("'", []),
    ):  # fmt: skip
        assert found(workflows, text) == (ids, len(ids)), text


def test_pages_are_cut_by_the_database_and_counted_whole(workflows):
    submit(workflows, *("train.ipynb" for _ in range(7)))
    workflows.submit("other", {}, id="other", words="train.ipynb")
    assert found(workflows, "train", limit=2, offset=4) == (["id-2", "id-1"], 7)
    assert found(workflows, "train", limit=2, offset=8) == ([], 7)


def test_a_status_narrows_what_is_found(workflows):
    submit(workflows, "train.ipynb", "train.ipynb")
    workflows.cancel("id-0")
    assert found(workflows, "train", status=JobStatus.CANCELLED) == (["id-0"], 1)
    assert found(workflows, "cancelled") == (["id-0"], 1)


def test_what_failed_is_found_by_its_error_too(workflows):
    submit(workflows, "train.ipynb", "train.ipynb")
    workflows.note_failure("id-1", ValueError("No Rows in rows.csv"))
    assert found(workflows, "no rows") == (["id-1"], 1)
    assert found(workflows, "train") == (["id-1", "id-0"], 2)


def test_what_was_submitted_without_words_is_found_by_its_id(workflows: Workflows, tmp_path: Path):
    workflows.submit("job", {}, id="bare")
    assert found(workflows, "bar") == (["bare"], 1)
    assert found(workflows, "train") == ([], 0)
