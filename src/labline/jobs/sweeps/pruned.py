"""The note beside a trial's files that it was ended because it did badly.

It is written before the job is cancelled, and counts only if the job then was.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

_NAME = "pruned.json"


@dataclass(frozen=True)
class Pruned:
    """Why a trial was ended, and how it had done until then."""

    reason: str
    metric: str
    course: Sequence[float]

    def write(self, snapshot: str) -> None:
        """Keep the note beside the snapshot of the job."""
        place = Path(snapshot).with_name(_NAME)
        draft = place.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(self)), encoding="utf-8")
        draft.replace(place)

    @classmethod
    def read(cls, snapshot: str) -> Pruned | None:
        """Return the note that :meth:`write` kept, if it did."""
        try:
            return cls(**json.loads(Path(snapshot).with_name(_NAME).read_bytes()))
        except FileNotFoundError:
            return None
