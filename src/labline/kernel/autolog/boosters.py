"""``train`` of XGBoost and LightGBM, for those who do not use their scikit-learn estimators."""

from __future__ import annotations

import functools
import pydoc
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labline.kernel.autolog import Told
    from labline.kernel.autolog.estimators import Around

BOOSTERS = ("xgboost", "lightgbm")


class Train:
    """A module's ``train`` that is seen; pickled it is the function itself.

    Parameters
    ----------
    train
        The function.
    library
        Name of the module.
    around
        Calls it, and tells of it.
    """

    __wrapped__: Callable[..., Any]

    def __init__(self, train: Callable[..., Any], library: str, around: Around) -> None:
        functools.update_wrapper(self, train)
        self._library = library
        self._around = around

    def __call__(self, params: Any, *args: Any, **options: Any) -> Any:
        """Train, and tell of it."""
        __tracebackhide__ = True
        results: dict[str, Any] = {}
        listen = _LISTENERS[self._library]
        return self._around(
            lambda: self.__wrapped__(params, *args, **listen(options, results)),
            lambda _: _told(self._library, params, {**dict(enumerate(args)), **options}, results),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return pydoc.locate, (f"{self._library}.train",)


def _to_xgboost(options: dict[str, Any], results: dict[str, Any]) -> dict[str, Any]:
    """Have XGBoost write its results down, where the notebook does not itself."""
    own = options.get("evals_result")
    return options if own is not None else {**options, "evals_result": results}


def _to_lightgbm(options: dict[str, Any], results: dict[str, Any]) -> dict[str, Any]:
    import lightgbm

    own = list(options.get("callbacks") or ())
    return {**options, "callbacks": [*own, lightgbm.record_evaluation(results)]}


_LISTENERS: Mapping[str, Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]] = {
    "xgboost": _to_xgboost,
    "lightgbm": _to_lightgbm,
}
_ROUNDS = "num_boost_round"


def _told(library: str, params: Any, given: Mapping[Any, Any], results: Mapping[str, Any]) -> Told:
    from labline.kernel.autolog import Told
    from labline.kernel.autolog.facts import curves, plain

    # Second of what comes after the parameters, where it is not named.
    rounds = given.get(1, given.get(_ROUNDS))
    own = given.get("evals_result")
    found = dict(curves(own if own is not None else results))
    return Told(library, plain({**dict(params), _ROUNDS: rounds}), {}, found)


class Trains:
    """The libraries' ``train`` functions."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._watched: list[tuple[ModuleType, Train]] = []

    def watch(self, module: Any) -> None:
        """See what `module` trains."""
        module.train = train = Train(module.train, module.__name__, self._around)
        self._watched.append((module, train))

    def close(self) -> None:
        """Leave the modules as they were."""
        for module, train in self._watched:
            if vars(module).get("train") is train:
                vars(module)["train"] = train.__wrapped__
        self._watched.clear()
