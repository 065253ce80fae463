"""Commit, branch, and whether the work differs from it."""

import subprocess
from pathlib import Path

import pytest

from labline.kernel.git import state


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=me", "-c", "user.email=me@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "-b", "trunk")
    (tmp_path / "nb.ipynb").write_text("{}")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_a_clean_commit(repository: Path) -> None:
    found = state(repository, repository / "nb.ipynb")
    assert found is not None
    assert (found.commit, found.branch, found.dirty) == (
        git(repository, "rev-parse", "HEAD"),
        "trunk",
        False,
    )


def test_an_edited_file_is_dirty_and_a_stray_one_is_not(repository: Path) -> None:
    (repository / "data.csv").write_text("a\n")
    assert not state(repository).dirty  # type: ignore[union-attr]
    (repository / "nb.ipynb").write_text("{ }")
    assert state(repository).dirty  # type: ignore[union-attr]


def test_a_notebook_that_git_does_not_know_is_dirty(repository: Path) -> None:
    (repository / "new.ipynb").write_text("{}")
    assert state(repository, repository / "new.ipynb").dirty  # type: ignore[union-attr]


def test_without_repository_commit_or_git_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert state(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert state(tmp_path) is None
    monkeypatch.setenv("PATH", "")
    assert state(tmp_path) is None


def test_a_detached_head_has_no_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    assert state(repository).branch == ""  # type: ignore[union-attr]
