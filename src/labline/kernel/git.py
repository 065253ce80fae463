"""The commit that a recording was made at."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from labline.records import GitState


def state(folder: Path, notebook: Path | None = None) -> GitState | None:
    """Return commit, branch and whether tracked files differ from it.

    A notebook that git does not track counts as a difference too. ``None`` where git is not
    installed, `folder` is in no repository, or the repository has no commit yet.
    """
    lines = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    if lines is None:
        return None
    facts = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# branch."))
    commit = facts.get("branch.oid", "(initial)")
    if commit == "(initial)":
        return None
    dirty = any(not line.startswith("#") for line in lines)
    if notebook and not dirty:
        dirty = _git(folder, "ls-files", "--error-unmatch", "--", str(notebook)) is None
    head = facts.get("branch.head", "")
    return GitState(commit, dirty, "" if head == "(detached)" else head)


def _git(folder: Path, *arguments: str) -> list[str] | None:
    # Without optional locks: a recording must not get in the way of the user's own git.
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.splitlines() if done.returncode == 0 else None
