"""What is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True)
class Notice:
    """Something that happened, as webhooks and e-mails tell it."""

    #: the same id is the same notice, however often it is delivered
    id: str
    #: an event of ``[notify] on``: ``job.failed``, ``endpoint.drifted`` ...
    type: str
    #: what happened, in one line
    title: str
    #: more about it, in lines: why, and what to do next
    text: str
    at: float
    #: the facts, for programs
    data: Mapping[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return what is posted: ``type``, ``timestamp`` and ``data`` as Standard Webhooks has it.

        ``text`` is what Slack, Mattermost and the like show of it.
        """
        return {
            "type": self.type,
            "timestamp": datetime.fromtimestamp(self.at, UTC).isoformat(),
            "text": f"{self.title}\n{self.text}".strip(),
            "data": dict(self.data),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the notice as JSON-ready data."""
        return asdict(self)
