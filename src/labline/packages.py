"""What a service installs, and what is known to be wrong with it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Package:
    """A package that a service installs."""

    name: str
    version: str
    #: SPDX expression; empty where its metadata does not tell
    licence: str = ""


@dataclass(frozen=True)
class Advisory:
    """A known vulnerability of a package."""

    id: str
    #: other ids of the same, such as ``CVE-2026-1234``
    aliases: tuple[str, ...]
    package: str
    version: str
    #: versions in which it is mended
    fixed: tuple[str, ...]
    summary: str
