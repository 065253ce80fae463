"""What a service would be made of: its packages, before anything is built."""

from __future__ import annotations

import re
from pathlib import Path

from labline.records import ModelVersion
from labline.serving import requirements
from labline.serving.exporter import Plan
from labline.settings import Settings


def pins(folder: Path, model: ModelVersion, settings: Settings) -> list[tuple[str, str]]:
    """Return name and exact version of every package of a service, in order.

    As its Bento locked them, where that is built; else as building it would.

    Raises
    ------
    Refused
        The requirements of model and service contradict one another; says which.
    Unreachable
        The package index cannot be reached.
    """
    plan = Plan.of(folder, model, settings)
    built = plan.place / "src" / "requirements.lock.txt"
    if built.is_file():
        return parse(built.read_text(encoding="utf-8"))
    return parse(requirements.lock(plan.wanted, plan.facts, cwd=settings.root))


def parse(lock: str) -> list[tuple[str, str]]:
    """Return the pins of a lock file.

    >>> parse("uvloop==0.22.1 ; sys_platform != 'win32'")
    [('uvloop', '0.22.1')]
    """
    return re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", lock, re.MULTILINE)
