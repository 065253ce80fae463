"""Sweeps: a notebook over a space of parameters, its jobs' runs nested in one parent run.

What is tried is decided by pure functions of what is recorded (:mod:`.search`, :mod:`.adaptive`);
the durable workflow ``sweep`` (:mod:`.conduct`) looks at the jobs, asks those, and acts. It keeps
nothing in memory that it could not read again: a worker that takes it over goes on where it was.
"""

from labline.jobs.sweeps.search import Goal, Kind, Search, Wanted
from labline.jobs.sweeps.space import Axis, Range, Space
from labline.jobs.sweeps.sweep import Sweep

__all__ = ["Axis", "Goal", "Kind", "Range", "Search", "Space", "Sweep", "Wanted"]
