"""How the points of a sweep are chosen: all of a grid, by chance, or from what came of others."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from labline.errors import BadInput
from labline.jobs.sweeps.space import Range, Space, draw, point, shown, size

_LOSS = re.compile(r"loss|err(or)?|r?mse|rmsle|mae|mape|logloss|deviance|brier", re.IGNORECASE)
_MOST = 10_000


class Kind(StrEnum):
    """How points are chosen."""

    #: every combination
    GRID = "grid"
    RANDOM = "random"
    #: near those that did well, by Optuna's tree-structured Parzen estimator
    OPTUNA = "optuna"


class Goal(StrEnum):
    """Which value of a metric is best."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


@dataclass(frozen=True)
class Wanted:
    """What was asked for; None is what :func:`plan` thinks best."""

    kind: str | None = None
    trials: int | None = None
    metric: str | None = None
    goal: str | None = None
    prune: bool = False
    seed: int = 0
    #: trials at a time, where each is chosen from what came of others
    parallel: int | None = None

    @property
    def named(self) -> list[str]:
        """The options that were given, as the command has them."""
        given = {
            "--search": self.kind,
            "--trials": self.trials,
            "--metric": self.metric,
            f"--{self.goal}": self.goal,
            "--prune": self.prune,
            "--seed": self.seed,
            "--parallel": self.parallel,
        }
        return [name for name, value in given.items() if value]


@dataclass(frozen=True)
class Search:
    """How the points of one sweep are chosen."""

    kind: Kind
    trials: int
    #: what makes a trial the best; empty: none is
    metric: str = ""
    goal: Goal = Goal.MAXIMIZE
    #: whether a trial that does badly is ended before its end
    prune: bool = False
    seed: int = 0
    parallel: int = 1

    @property
    def adaptive(self) -> bool:
        """Whether a point depends on what came of others."""
        return self.kind is Kind.OPTUNA

    def source(self, number: int) -> random.Random:
        """Return the chance of one trial: the same in whichever process asks."""
        return random.Random(f"{self.seed} {number}")

    def better(self, one: float, other: float) -> bool:
        """Whether a value of the metric is better than another."""
        return one > other if self.goal is Goal.MAXIMIZE else one < other

    def points(self, space: Space) -> list[dict[str, Any]]:
        """Return every point, in order, of a search that does not learn."""
        grid = {name: axis for name, axis in space.items() if not isinstance(axis, Range)}
        if len(grid) < len(space):
            return [draw(space, self.source(number)) for number in range(1, self.trials + 1)]
        places: Sequence[int] = range(size(space) or 0)
        if self.kind is Kind.RANDOM:
            # Of a finite number of points none is tried twice.
            places = sorted(self.source(0).sample(places, self.trials))
        return [point(grid, place) for place in places]


def plan(space: Space, wanted: Wanted, *, goal: Goal | None, parallel: int) -> Search:
    """Return the search for what was wanted; `goal` is what the policy says of the metric.

    Raises
    ------
    BadInput
        What is wanted does not go together.
    """
    _check(space, wanted)
    kind = _kind(space, wanted)
    count = size(space)
    trials = count if kind is Kind.GRID else wanted.trials
    assert trials is not None
    if kind is Kind.RANDOM and count is not None:
        trials = min(trials, count)
    if trials > _MOST:
        raise BadInput(
            f"The sweep has {trials} trials; at most {_MOST} go into one.",
            fix="Try some of the points: --search random --trials 100",
        )
    metric = wanted.metric or ""
    return Search(
        kind, trials, metric, _goal(metric, wanted, goal), wanted.prune, wanted.seed,
        wanted.parallel or parallel,
    )  # fmt: skip


def _kind(space: Space, wanted: Wanted) -> Kind:
    if wanted.kind:
        return Kind(wanted.kind)
    if wanted.trials is None and size(space) is not None:
        return Kind.GRID
    return Kind.OPTUNA if wanted.metric else Kind.RANDOM


def _check(space: Space, wanted: Wanted) -> None:
    empty = [name for name, axis in space.items() if axis == ()]
    if empty or not space:
        raise BadInput(
            f"The sweep over {', '.join(empty) or 'nothing'} has no values.",
            fix="Give at least one: --sweep alpha=0.1,1,10",
        )
    kind = _kind(space, wanted)
    ranges = {name: axis for name, axis in space.items() if isinstance(axis, Range)}
    if ranges and kind is Kind.GRID:
        name, axis = next(iter(ranges.items()))
        raise BadInput(
            f"A grid has every point; {name}~{shown(axis)} has no end of them.",
            fix=f"Name the values ({name}=V1,V2), or give --search random --trials 20.",
        )
    if kind is Kind.GRID and wanted.trials is not None:
        raise BadInput(
            "--search grid tries every point, not a number of trials.",
            fix="Leave out --trials, or give --search random.",
        )
    if kind is not Kind.GRID and (wanted.trials is None or wanted.trials < 1):
        what = "No number of trials is given" if wanted.trials is None else "There are no trials"
        raise BadInput(f"{what}.", fix="Say how many points to try: --trials 20", option="trials")
    for option, needed in (("--search optuna", kind is Kind.OPTUNA), ("--prune", wanted.prune)):
        if needed and not wanted.metric:
            raise BadInput(
                f"{option} needs the metric that tells what does well.",
                fix="Name one that the notebook logs: --metric auc",
                option="metric",
            )


def _goal(metric: str, wanted: Wanted, policy: Goal | None) -> Goal:
    if wanted.goal:
        return Goal(wanted.goal)
    loses = any(_LOSS.fullmatch(word) for word in re.split(r"[\W_\d]+", metric))
    return policy or (Goal.MINIMIZE if loses else Goal.MAXIMIZE)
