"""What CI systems make of a log: foldable groups, and annotations."""

from __future__ import annotations

import os
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

#: prints one line
Write = Callable[[str], object]


@dataclass(frozen=True)
class GitHub:
    """Workflow commands of GitHub Actions."""

    write: Write

    def group(self, title: str, text: str) -> None:
        """Print a group; what is in it is not taken for commands."""
        token = secrets.token_hex(8)
        self.write(f"::group::{_one_line(title)}")
        self.write(f"::stop-commands::{token}\n{text}\n::{token}::")
        self.write("::endgroup::")

    def error(self, file: str, message: str) -> None:
        """Annotate a file."""
        place = _escaped(file).replace(":", "%3A").replace(",", "%2C")
        self.write(f"::error file={place}::{_escaped(message)}")


@dataclass(frozen=True)
class GitLab:
    """Collapsible sections of GitLab CI."""

    write: Write

    def group(self, title: str, text: str) -> None:
        """Print a section."""
        name = re.sub(r"[^a-z0-9_]+", "_", title.lower()).strip("_")[:60]
        name, now = f"{name}_{secrets.token_hex(3)}", int(time.time())
        start = f"section_start:{now}:{name}[collapsed=true]"
        self.write(f"\x1b[0K{start}\r\x1b[0K{_one_line(title)}")
        self.write(text)
        self.write(f"\x1b[0Ksection_end:{now}:{name}\r\x1b[0K")

    def error(self, file: str, message: str) -> None:
        """Print an error in red: GitLab's log has no annotations."""
        self.write(f"\x1b[31m{file}: {message}\x1b[0m")


def detect(write: Write) -> GitHub | GitLab | None:
    """Return the CI system that this process runs in, if it is known."""
    if os.environ.get("GITHUB_ACTIONS") == "true":
        return GitHub(write)
    return GitLab(write) if os.environ.get("GITLAB_CI") == "true" else None


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _one_line(text: str) -> str:
    return " ".join(text.split())
