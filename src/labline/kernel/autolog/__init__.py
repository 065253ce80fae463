"""What a model was fitted with, and how that went: recorded as it happens.

While a recording is on, ``fit`` of scikit-learn's estimators, and those made like them, and
``train`` of XGBoost and LightGBM tell it parameters and training metrics. The libraries are not
imported for it. What is told goes into the journal like all else: no server is asked while a cell
runs, and nothing that goes wrong here reaches the cell. (MLflow's own autologging opens runs of
its own and asks its server within ``fit``.)
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from labline.kernel.autolog.boosters import BOOSTERS, Trains
from labline.kernel.autolog.estimators import Estimators
from labline.kernel.importing import Importing

#: fits of one recording that are told; a loop over thousands has other ways
MOST = 100
_log = logging.getLogger(__name__)

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """What there is to tell of one fit."""

    #: what was fitted: its class, or the library
    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    #: metric -> its values, step by step
    curves: Mapping[str, list[float]] = field(default_factory=dict)


class Autolog:
    """Watches fits from its making until :meth:`close`.

    Parameters
    ----------
    put
        Takes ``params``, ``metrics`` and ``curves`` events.
    """

    def __init__(self, put: Callable[[dict[str, Any]], None]) -> None:
        self._put = put
        self._process = os.getpid()
        self._busy = threading.Lock()
        self._count = 0
        self._known: dict[str, list[Mapping[str, str]]] = {}
        self._estimators = Estimators(self.around)
        self._trains = Trains(self.around)
        self._importing = Importing(("sklearn.base", *BOOSTERS), self._watch)
        self._importing.begin()

    def close(self) -> None:
        """Leave the libraries as they were."""
        self._importing.end()
        self._estimators.close()
        self._trains.close()

    def _watch(self, module: ModuleType) -> None:
        try:
            if module.__name__ == "sklearn.base":
                self._estimators.watch(module.BaseEstimator)
            else:
                self._trains.watch(module)
        except Exception:  # noqa: BLE001 - a library of any version; its import goes on
            _log.warning("labline does not see fits of %s", module.__name__, exc_info=True)

    def around(self, fit: Callable[[], Any], tell: Callable[[Any], Told | None]) -> Any:
        """Return what `fit` returns; `tell` says afterwards, from that, what there is to tell.

        What is fitted within another fit is part of it: the steps of a pipeline, the candidates
        of a search, in whichever thread.
        """
        __tracebackhide__ = True
        # A forked child has no thread to write what it tells.
        ours = os.getpid() == self._process and self._busy.acquire(blocking=False)
        if not ours:
            return fit()
        try:
            fitted = fit()
            self._tell(tell, fitted)
            return fitted
        finally:
            self._busy.release()

    def _tell(self, tell: Callable[[Any], Told | None], fitted: Any) -> None:
        try:
            if self._count < MOST and (told := tell(fitted)):
                self._count += 1
                self._record(told)
        except Exception:  # noqa: BLE001 - fitting has worked; telling of it must not undo that
            _log.warning("labline could not note what was fitted", exc_info=True)

    def _record(self, told: Told) -> None:
        name = self._called(told)
        groups = {"params": told.params, "metrics": told.metrics, "curves": told.curves}
        for event, values in groups.items():
            if values:
                named = {f"{name}.{key}": value for key, value in values.items()}
                self._put({"event": event, "values": named})

    def _called(self, told: Told) -> str:
        """Return the name of a fit: numbered from the second set of parameters on."""
        known = self._known.setdefault(told.name, [])
        if told.params not in known:
            known.append(told.params)
        place = known.index(told.params) + 1
        return told.name if place == 1 else f"{told.name}.{place}"
