"""Pages of runs: filtered, sorted and counted by MLflow, however many there are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labline.errors import BadInput
from labline.records import Run

if TYPE_CHECKING:
    from labline.tracking.client import Tracking

_COLUMNS = {
    "started": "attributes.start_time",
    "ended": "attributes.end_time",
    "name": "attributes.run_name",
    "status": "attributes.status",
}
_FIELD = re.compile(r"(metrics|params|tags)\.(.+)", re.DOTALL)
# A comparison makes a filter MLflow's own; anything else is part of a name.
_CONDITION = re.compile(r"(?:[<>!=]=?|\b(?:I?LIKE|IN)\b)", re.IGNORECASE)


@dataclass(frozen=True)
class RunPage:
    """Some of the runs that fit."""

    items: tuple[Run, ...]
    #: how many fit
    total: int


class Pages:
    """Pages of the runs of one tracking server.

    Parameters
    ----------
    tracking
        The server.
    """

    def __init__(self, tracking: Tracking) -> None:
        self._tracking = tracking
        #: what was counted last, by experiment and filter: where the next count begins
        self._counted: dict[tuple[str, ...], int] = {}

    def page(
        self, experiment: str | None, *, limit: int, offset: int, filter: str, sort: str
    ) -> RunPage:
        """Return a page of runs.

        Parameters
        ----------
        experiment
            Name; None for all.
        filter
            Part of a run's name, or conditions as MLflow writes them.
        sort
            A column, ``metrics.NAME`` or ``params.NAME``; ``-`` before it is downwards.

        Raises
        ------
        BadInput
            Filter or sort cannot be understood.
        """
        raise NotImplementedError
