"""``fit`` of scikit-learn's estimators, and of those that are made like them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from operator import itemgetter
from types import MethodType
from typing import Any

Around = Callable[[Callable[[], Any], Callable[[Any], Any]], Any]


class Fit:
    """A class's ``fit`` that is seen; pickled it is the method itself.

    Parameters
    ----------
    method
        The function that the class has.
    around
        Calls it, and tells of it.
    """

    __wrapped__: Callable[..., Any]

    def __init__(self, method: Callable[..., Any], around: Around) -> None:
        functools.update_wrapper(self, method)
        self._around = around

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Return the method as it belongs to an instance."""
        return self if instance is None else MethodType(self, instance)

    def __call__(self, estimator: Any, *args: Any, **options: Any) -> Any:
        """Fit, and tell of it."""
        from labline.kernel.autolog.facts import of_estimator

        __tracebackhide__ = True
        return self._around(
            lambda: self.__wrapped__(estimator, *args, **options),
            lambda _: of_estimator(estimator, *_data(args, options)),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # A class of the notebook's own is pickled with its methods.
        return itemgetter(0), ((self.__wrapped__,),)


def _data(args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, Any]:
    """Return X and y of a call."""
    named = dict(zip(("X", "y"), args, strict=False))
    return named.get("X", options.get("X")), named.get("y", options.get("y"))


class Estimators:
    """Every class below scikit-learn's ``BaseEstimator``, those that are still to come as well."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._watched: list[type] = []
        self._base: type | None = None

    def watch(self, base: Any) -> None:
        """See the fits of `base` and all that is made from it."""
        self._base = base
        for kind in (base, *_below(base)):
            self._see(kind)
        see = self._see

        def __init_subclass__(cls: Any, /, **options: Any) -> None:  # noqa: N807 - Python's name
            super(base, cls).__init_subclass__(**options)
            see(cls)

        base.__init_subclass__ = classmethod(__init_subclass__)

    def close(self) -> None:
        """Leave the classes as they were."""
        if self._base is not None and "__init_subclass__" in vars(self._base):
            del self._base.__init_subclass__
        for kind in self._watched:
            if isinstance(method := vars(kind).get("fit"), Fit):
                kind.fit = method.__wrapped__  # type: ignore[attr-defined]
        self._watched.clear()

    def _see(self, kind: type) -> None:
        method = vars(kind).get("fit")
        if inspect.isfunction(method):
            kind.fit = Fit(method, self._around)  # type: ignore[attr-defined]
            self._watched.append(kind)


def _below(kind: Any) -> Iterator[type]:
    for inner in kind.__subclasses__():
        yield inner
        yield from _below(inner)
