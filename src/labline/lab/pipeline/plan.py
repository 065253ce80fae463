"""What a CI file shall do, as commands; pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from labline.errors import BadInput

#: CI systems that a file can be written for
KINDS = ("github", "gitlab")
OUTPUT = "build/labline"
COMMENT = f"{OUTPUT}/promotion.md"


@dataclass(frozen=True)
class Notebook:
    """A notebook to run, with its parameters as a person types them."""

    path: str
    values: Mapping[str, str] = field(default_factory=dict)
    #: further words of the command: what is swept, limits
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Line:
    """A promotion to ask for."""

    candidate: str
    stage: str
    model: str | None = None


@dataclass(frozen=True)
class Plan:
    """Everything that a CI file is written from."""

    notebooks: tuple[Notebook, ...]
    promotion: Line | None
    #: what ``pip install`` is given
    install: tuple[str, ...]
    #: branch whose commits are promoted
    branch: str = "main"
    python: str = "3.11"

    def runs(self) -> list[str]:
        """Return a command for each notebook; it fails where a cell raises."""
        return [_run(number, item) for number, item in enumerate(self.notebooks, 1)]

    def setup(self) -> str:
        """Return the command that installs what the notebooks need."""
        return shlex.join(["python", "-m", "pip", "install", *self.install])

    def promote(self) -> str:
        """Return the command that promotes."""
        assert self.promotion is not None
        line = self.promotion
        more = ["--model", line.model] if line.model else []
        return shlex.join(["labline", "promote", line.candidate, "--to", line.stage, *more])

    def try_out(self) -> str:
        """Return the command that judges, changes nothing, and writes the comment."""
        return f"mkdir -p {OUTPUT} && {self.promote()} --dry-run --markdown > {COMMENT}"


@dataclass(frozen=True)
class Written:
    """A CI file."""

    #: where it belongs, from the project's root
    path: str
    text: str


def checked(plan: Plan) -> Plan:
    """Return the plan if no CI system would take a part of it for something else.

    Raises
    ------
    BadInput
        A value holds an expression of a CI system, a line break, or a path that leaves the project.
    """
    promotion = plan.promotion
    words = [word for item in plan.notebooks for pair in item.values.items() for word in pair]
    words += [word for item in plan.notebooks for word in (item.path, *item.more)]
    words += [promotion.candidate, promotion.stage, promotion.model or ""] if promotion else []
    for word in (*words, plan.branch):
        if "${{" in word or re.search(r"[\r\n\0]", word):
            raise BadInput(
                f"{word!r} cannot be written into a CI file.",
                fix="Leave out '${{' and line breaks; give secrets as env:NAME.",
            )
    for item in plan.notebooks:
        path = PurePosixPath(item.path)
        if path.is_absolute() or ".." in path.parts:
            raise BadInput(
                f"{item.path!r} is not in the project.", fix="Give a notebook below labline.toml."
            )
    return plan


def _run(number: int, item: Notebook) -> str:
    name = f"{number}-{PurePosixPath(item.path).stem}"
    values = [word for pair in item.values.items() for word in ("-p", *pair)]
    kept = ["--junit", f"{OUTPUT}/{name}.xml", "--output-dir", f"{OUTPUT}/{name}"]
    return shlex.join(["labline", "run", item.path, *values, *item.more, *kept])
