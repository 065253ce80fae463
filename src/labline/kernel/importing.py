"""Be told when modules have been imported, without importing them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class Importing:
    """Tells of some modules: at once of those that are there, of the others once they are.

    Parameters
    ----------
    names
        Of the modules.
    then
        Is called with each, in the thread that imports it.
    """

    def __init__(self, names: Collection[str], then: Callable[[ModuleType], None]) -> None:
        self._names = names
        self._then = then

    def begin(self) -> None:
        """Begin to tell."""
        for name in self._names:
            if (module := sys.modules.get(name)) and _imported(module):
                self._then(module)
        sys.meta_path.insert(0, self)

    def end(self) -> None:
        """Tell no more."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def find_spec(
        self, name: str, path: Any = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the module as everybody does; called by the import system."""
        if name not in self._names:
            return None
        spec = next(self._found(name, path, target), None)
        if spec is not None and spec.loader is not None:
            self._tell(spec.loader)
        return spec

    def _found(self, name: str, path: Any, target: ModuleType | None) -> Iterator[ModuleSpec]:
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            if finder is not self and find and (spec := find(name, path, target)):
                yield spec

    def _tell(self, loader: Any) -> None:
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            del loader.exec_module
            execute(module)
            # The recording may have ended in the meantime.
            if self in sys.meta_path:
                self._then(module)

        loader.exec_module = exec_module


def _imported(module: ModuleType) -> bool:
    return not getattr(module.__spec__, "_initializing", False)
