"""Choose points, and give up trials, from what came of others: Optuna's, asked anew each time.

The study is made from what is recorded whenever there is a question, so that nothing is lost with
the process that asks. Importing it costs: only searches that need it do.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from labline.errors import BadInput
from labline.jobs.sweeps.search import Goal, Search
from labline.jobs.sweeps.space import Axis, Range, Space
from labline.records import JobStatus

#: trials that must have ended before one is compared with them
STARTUP = 3
#: values of the metric that a trial may always show
WARMUP = 1


@dataclass(frozen=True)
class Fact:
    """What is recorded of one trial."""

    number: int
    values: Mapping[str, Any]
    status: JobStatus
    #: whether it was ended because it did badly
    pruned: bool = False
    #: the metric at its end
    value: float | None = None
    #: the metric as it was logged, value by value
    course: Sequence[float] = ()


def require() -> None:
    """Return if Optuna is installed.

    Raises
    ------
    BadInput
        It is not.
    """
    try:
        import optuna  # noqa: F401
    except ImportError as error:
        raise BadInput(
            "Choosing points from what came of others, and --prune, need Optuna, which is not "
            "installed.",
            fix="pip install 'labline[sweeps]', or --search random without --prune.",
        ) from error


def propose(space: Space, search: Search, facts: Sequence[Fact], number: int) -> dict[str, Any]:
    """Return the point to try as trial `number`; the same facts give the same point."""
    with _optuna() as optuna:
        sampler = optuna.samplers.TPESampler(
            seed=search.source(number).randrange(2**32),
            n_startup_trials=max(4, min(10, search.trials // 3)),
            # What runs counts as bad, so that those side by side are not the same.
            constant_liar=True,
        )
        study = _study(optuna, space, search, facts, sampler=sampler)
        drawn = study.ask(_distributions(optuna, space)).params
    return {name: _value(axis, drawn[name]) for name, axis in space.items()}


def hopeless(space: Space, search: Search, facts: Sequence[Fact]) -> dict[int, str]:
    """Return the running trials to give up, with why: worse than the median at the same point."""
    running = [fact for fact in facts if fact.status is JobStatus.RUNNING and fact.course]
    if not running or sum(_counts(fact) for fact in facts) < STARTUP:
        return {}
    with _optuna() as optuna:
        pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP, n_warmup_steps=WARMUP)
        study = _study(optuna, space, search, facts)
        return {
            fact.number: _reason(search, fact)
            for fact in running
            if pruner.prune(study, _trial(optuna, space, fact))
        }


def _counts(fact: Fact) -> bool:
    return fact.status is JobStatus.SUCCEEDED and bool(fact.course)


def _reason(search: Search, fact: Fact) -> str:
    return (
        f"Pruned: after {len(fact.course)} values its {search.metric} was {fact.course[-1]:g}, "
        "worse than half of the trials before it."
    )


@contextmanager
def _optuna() -> Iterator[ModuleType]:
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield optuna
    optuna.logging.set_verbosity(before)


def _study(
    optuna: Any, space: Space, search: Search, facts: Sequence[Fact], sampler: Any = None
) -> Any:
    direction = "maximize" if search.goal is Goal.MAXIMIZE else "minimize"
    study = optuna.create_study(direction=direction, sampler=sampler)
    for fact in facts:
        study.add_trial(_trial(optuna, space, fact))
    return study


def _trial(optuna: Any, space: Space, fact: Fact) -> Any:
    state = _state(fact)
    return optuna.trial.create_trial(
        state=getattr(optuna.trial.TrialState, state),
        value=fact.value if state == "COMPLETE" else None,
        params={name: _coded(axis, fact.values[name]) for name, axis in space.items()},
        distributions=_distributions(optuna, space),
        intermediate_values=dict(enumerate(fact.course)),
    )


def _state(fact: Fact) -> str:
    if not fact.status.ended:
        return "RUNNING"
    if fact.pruned:
        return "PRUNED"
    known = fact.value is not None and not math.isnan(fact.value)
    return "COMPLETE" if known and fact.status is JobStatus.SUCCEEDED else "FAIL"


def _distributions(optuna: Any, space: Space) -> dict[str, Any]:
    return {name: _distribution(optuna.distributions, axis) for name, axis in space.items()}


def _distribution(kinds: Any, axis: Axis) -> Any:
    if not isinstance(axis, Range):
        # Optuna knows no lists and dicts: a value goes by its place.
        return kinds.CategoricalDistribution(range(len(axis)))
    if axis.whole:
        step = int(axis.step or 1)
        high = int(axis.low) + (int(axis.high) - int(axis.low)) // step * step
        return kinds.IntDistribution(int(axis.low), high, log=axis.log, step=step)
    return kinds.FloatDistribution(axis.low, axis.high, log=axis.log)


def _coded(axis: Axis, value: Any) -> Any:
    return value if isinstance(axis, Range) else axis.index(value)


def _value(axis: Axis, drawn: Any) -> Any:
    if not isinstance(axis, Range):
        return axis[drawn]
    if axis.step is None or axis.whole:
        return axis.fit(drawn)
    return axis.fit(axis.low + axis.step * round((drawn - axis.low) / axis.step))
