"""Sweeps: a notebook over a space of parameters; see ``jobs`` for how one is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labline.server.bodies import SearchOptions
from labline.server.route import Asked, Query, Route

if TYPE_CHECKING:
    from labline.jobs.sweeps import Sweep, Wanted
    from labline.lab import Lab
    from labline.lab.shapes import Done, SweepDetail


def wanted_of(given: SearchOptions) -> Wanted:
    """Return the search that a body asks for."""
    from labline.jobs.sweeps import Wanted

    return Wanted(
        kind=given.search,
        trials=given.trials,
        metric=given.metric or None,
        goal=given.goal,
        prune=given.prune,
        seed=given.seed,
        parallel=given.parallel,
    )


def _list(lab: Lab, asked: Asked) -> list[Sweep]:
    return lab.sweeps.list(limit=asked.query["limit"])


def _one(lab: Lab, asked: Asked) -> SweepDetail:
    return lab.sweeps.detail(asked.path["id"])


def _cancel(lab: Lab, asked: Asked) -> Done:
    from labline.lab.shapes import Done

    sweep = lab.sweeps.cancel(asked.path["id"])
    return Done(sweep.id, f"labline sweeps cancel {sweep.id}")


ROUTES = (
    Route("GET", "sweeps", "Sweeps, newest first.", _list, "Sweep", "list",
          (Query("limit", "How many at most.", int, 20, 100),)),
    Route("GET", "sweeps/{id}", "A sweep: its trials, the best, a figure.", _one, "SweepDetail"),
    Route("POST", "sweeps/{id}/cancel", "Try nothing more, stop what runs.", _cancel, "Done",
          store="tracking"),
)  # fmt: skip
