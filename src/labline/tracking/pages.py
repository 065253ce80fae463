"""Pages of runs: filtered, sorted and counted by MLflow, however many there are."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labline.errors import BadInput, nearest
from labline.records import Run

if TYPE_CHECKING:
    from labline.tracking.client import Tracking

_COLUMNS = {
    "started": "attributes.start_time",
    "ended": "attributes.end_time",
    "name": "attributes.run_name",
    "status": "attributes.status",
}
_NEWEST = "attributes.start_time DESC"
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
        self._counted: dict[tuple[str, str], int] = {}

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
        where, order = condition(filter), ordering(sort)
        with self._tracking.answering(), _understood(filter, sort):
            ids = self._tracking.experiment_ids(experiment)
            if not ids:
                return RunPage((), 0)
            if not (self._tracking.remote or is_condition(filter)):
                return self._read(ids, filter.strip(), sort, offset, limit)
            found = self._search(ids, where, order, offset, limit)
            total = self._count((experiment or "", where), ids, where, offset + len(found))
        return RunPage(tuple(map(self._tracking.record, found)), total)

    def _read(
        self, experiments: list[str], part: str, sort: str, offset: int, limit: int
    ) -> RunPage:
        from labline.tracking import places

        wanted, total = places.ids(
            self._tracking.uri, experiments, part, sort, limit=limit, offset=offset
        )
        if not wanted:
            return RunPage((), total)
        named = ", ".join(f"'{id}'" for id in wanted)
        found = self._search(experiments, f"attributes.run_id IN ({named})", [], 0, limit)
        runs = {run.id: run for run in map(self._tracking.record, found)}
        return RunPage(tuple(runs[id] for id in wanted if id in runs), total)

    def _search(
        self, ids: list[str], where: str, order: list[str], offset: int, limit: int
    ) -> list[Any]:
        found = self._tracking.client.search_runs(
            ids,
            filter_string=where,
            max_results=limit,
            order_by=order,
            page_token=_token(offset) if offset else None,
        )
        return list(found)

    def _count(self, key: tuple[str, str], ids: list[str], where: str, least: int) -> int:
        """Count the runs that fit, by asking whether there is one at some places.

        MLflow counts nothing. From what was counted last it takes two questions; the first time
        as many as the logarithm of the number.
        """

        def there(place: int) -> bool:
            return bool(self._search(ids, where, [], place, 1))

        guess = max(self._counted.get(key, 0), least)
        low, high = _bracket(there, guess)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if there(middle) else (low, middle)
        self._counted[key] = low
        return low


def _bracket(there: Callable[[int], bool], guess: int) -> tuple[int, int]:
    """Return between which numbers the count lies, looking near `guess` first."""
    step = 1
    if there(guess):
        while there(guess + step):
            guess, step = guess + step, step * 4
        return guess + 1, guess + step
    while guess > 0 and not there(guess - step if guess > step else 0):
        if guess <= step:
            return 0, 0
        guess, step = guess - step, step * 4
    return max(0, guess - step + 1) if guess else 0, guess


def _token(offset: int) -> str:
    # MLflow's token is this; so a page is reached without walking through those before it.
    return base64.b64encode(json.dumps({"offset": offset}).encode()).decode()


def is_condition(text: str) -> bool:
    """Return whether a filter is MLflow's own, as opposed to a part of a name."""
    return bool(_CONDITION.search(text))


def condition(text: str) -> str:
    """Return MLflow's filter for what a person types: conditions, or a part of a name."""
    text = text.strip()
    if not text or is_condition(text):
        return text
    part = text.replace("'", "_").replace("%", "_")
    return f"attributes.run_name ILIKE '%{part}%'"


def ordering(sort: str) -> list[str]:
    """Return MLflow's order for ``-started``, ``metrics.auc`` and the like.

    Raises
    ------
    BadInput
        There is no such column.
    """
    name, down = sort.removeprefix("-"), sort.startswith("-")
    direction = "DESC" if down else "ASC"
    if match := _FIELD.fullmatch(name):
        return [f"{match[1]}.`{match[2].replace('`', '')}` {direction}", _NEWEST]
    if name not in _COLUMNS:
        raise BadInput(
            f"Runs cannot be sorted by {name!r}.",
            fix=f"{nearest(name, _COLUMNS)} Or metrics.NAME, params.NAME.",
        )
    return [f"{_COLUMNS[name]} {direction}", *([] if name == "started" else [_NEWEST])]


@contextmanager
def _understood(filter: str, sort: str) -> Iterator[None]:
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code not in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST"):
            raise
        raise BadInput(
            f"MLflow does not understand filter {filter!r} with sort {sort!r}: {error.message}",
            fix="Write a part of the name, or for example: metrics.auc > 0.8 AND "
            "params.alpha = '1'",
        ) from error
