"""A part of the Lab, made on first use and once, whichever thread asks first."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")
_making = threading.RLock()


class part(Generic[T]):  # noqa: N801 - used as a decorator, like property
    """A property that is computed once and kept.

    Unlike :func:`functools.cached_property` it never computes twice when several threads, such
    as a server's, ask at the same time.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> part[T]: ...
    @overload
    def __get__(self, owner: object, kind: type) -> T: ...
    def __get__(self, owner: object | None, kind: type) -> part[T] | T:
        """Return the part; from then on it is found in the instance itself."""
        if owner is None:
            return self
        with _making:
            kept = vars(owner)
            if self._name not in kept:
                kept[self._name] = self._make(owner)
            found: T = kept[self._name]
            return found
