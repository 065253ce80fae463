"""A recording as read back from its journal.

A journal is a file of JSON lines, one event each: ``start``, ``earlier``, ``git``, ``running``,
``execution``, ``params``, ``metrics``, ``dataset``, ``figure``, ``model``, ``environment``,
``notebook``, ``end``, written by the kernel's recorder in this order or as they come, each with
its number ``n`` and its time ``at``; and ``published`` with the number ``upto`` which lines are in
MLflow, written by the publisher.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from labline.errors import Failed

Event = Mapping[str, Any]
# Seconds without a line after which the kernel of another host counts as gone.
_FORGOTTEN = 2 * 86400


class NotARecording(Failed):
    """The file is not the journal of a recording."""


@dataclass(frozen=True)
class Recording:
    """The events of one journal."""

    path: Path
    events: tuple[Event, ...]

    @classmethod
    def read(cls, path: Path) -> Recording:
        """Read a journal; half a line, as a crash leaves it, is passed over.

        Raises
        ------
        NotARecording
            The file does not say what was recorded.
        """
        with path.open("rb") as lines:
            events = [event for line in lines if (event := _parse(line)) is not None]
        # A line whose writing failed halfway may be there twice.
        written = {event["n"]: event for event in events if "n" in event}
        marks = [event for event in events if event["event"] == "published"]
        if written.get(1, {}).get("event") != "start":
            raise NotARecording(
                f"{path} has lost its first line.", fix="Move the file away; it cannot be read."
            )
        return cls(path, (*(written[number] for number in sorted(written)), *marks))

    @cached_property
    def start(self) -> Event:
        """The first event."""
        return self.events[0]

    @property
    def id(self) -> str:
        """The recording's id."""
        return str(self.start["recording"])

    @property
    def notebook(self) -> str | None:
        """Path of the notebook, as it was called last."""
        found: str | None = (self.last("renamed") or self.start)["notebook"]
        return found

    @property
    def attached(self) -> bool:
        """Whether the run belongs to a job, which ends it."""
        return self.start["run_id"] is not None

    @property
    def ended(self) -> bool:
        """Whether the recorder closed the recording."""
        return self.last("end") is not None

    @property
    def abandoned(self) -> bool:
        """Whether the kernel that recorded is gone without having closed the recording."""
        return not self.ended and not self._alive

    @property
    def ended_at(self) -> float:
        """When the recording ended: the time of its last event."""
        return max(float(event["at"]) for event in self.events if "n" in event)

    @property
    def published_upto(self) -> int:
        """Number of the last event that is in MLflow."""
        return max((int(event["upto"]) for event in self.all("published")), default=0)

    @property
    def run_id(self) -> str | None:
        """The run, as far as it is known."""
        marks = self.all("published")
        return str(marks[-1]["run_id"]) if marks else self.start["run_id"]

    def all(self, kind: str) -> list[Event]:
        """Return the events of one kind, in order."""
        return [event for event in self.events if event["event"] == kind]

    def last(self, kind: str) -> Event | None:
        """Return the last event of one kind."""
        found = self.all(kind)
        return found[-1] if found else None

    def to_dict(self) -> dict[str, Any]:
        """Return what ``labline/recording.json`` holds."""
        end, notebook = self.last("end"), self.last("notebook")
        return {
            "id": self.id,
            "experiment": self.start["experiment"],
            "notebook": self.notebook,
            "user": self.start["user"],
            "started": self.start["at"],
            "ended": self.ended_at,
            "status": end["status"] if end else "KILLED" if self.abandoned else "RUNNING",
            "git": _content(self.last("git")),
            # what the kernel had run before the recording began
            "earlier": (self.last("earlier") or {"cells": []})["cells"],
            "cells": [_content(event) for event in self.all("execution")],
            "figures": [_content(event) for event in self.all("figure")],
            "datasets": [_content(event) for event in self.all("dataset")],
            # whether every recorded cell is in labline/notebook.ipynb
            "notebook_complete": notebook["complete"] if notebook else None,
        }

    @property
    def _alive(self) -> bool:
        import psutil

        if self.start["host"] != socket.gethostname():
            # Nobody here can tell; a container that is gone never comes back by its name.
            return time.time() - self.path.stat().st_mtime < _FORGOTTEN
        try:
            process = psutil.Process(self.start["process"])
            same = abs(process.create_time() - float(self.start["process_started"])) < 1
            return same and process.status() != psutil.STATUS_ZOMBIE
        except psutil.Error:
            return False


def _parse(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


def _content(event: Event | None) -> dict[str, Any] | None:
    if event is None:
        return None
    return {key: value for key, value in event.items() if key not in ("n", "at", "event")}
