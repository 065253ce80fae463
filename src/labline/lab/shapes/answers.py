"""What every surface is told: failures, versions, what was asked for and the equal command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Failure:
    """An error, as every surface words it."""

    #: name of its class
    error: str
    message: str
    #: what to do next
    fix: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Mismatch:
    """One part that is of another version than the server."""

    #: ``extension`` or ``kernel``
    part: str
    version: str
    expected: str
    message: str
    fix: str


@dataclass(frozen=True)
class Version:
    """The handshake: what the server is, and what does not fit to it."""

    server: str
    python: str
    #: version of the front end that belongs to this server
    extension: str
    agrees: bool
    mismatches: tuple[Mismatch, ...] = ()


@dataclass(frozen=True)
class PlatformStep:
    """The platform, and what it is being asked to do."""

    running: bool
    #: ``start`` or ``stop`` while that is under way; empty else
    doing: str = ""
    #: why the last one failed, or why queued work has no worker
    failure: Failure | None = None


@dataclass(frozen=True)
class Accepted:
    """What was asked for is queued; ``id`` says where to look."""

    id: str
    #: the same as a command
    cli: str


@dataclass(frozen=True)
class Done:
    """What was asked for is done."""

    id: str
    #: the same as a command
    cli: str


@dataclass(frozen=True)
class Line:
    """A command line that does what a dialog would do."""

    cli: str


@dataclass(frozen=True)
class Pipeline:
    """A file for a CI system that does what was clicked."""

    #: where it belongs in the repository
    path: str
    text: str
    #: the command that it runs
    cli: str
