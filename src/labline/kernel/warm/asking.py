"""Whether an import asks for the running IPython, which a zygote does not have.

Some modules decide at import whether they are in a notebook, or attach themselves to the shell.
What they would decide here they would keep in every kernel.
"""

from __future__ import annotations

import builtins
import sys
from typing import Any

#: they look at what kind of shell it is, and keep nothing of it
_LOOKERS = frozenset({"pandas.core.config_init"})
#: they attach themselves, and are told to do so again: :func:`attach`
_ATTACHED_LATER = frozenset({"matplotlib.pyplot"})


class ZMQInteractiveShell:
    """What a looker sees: the shell of a kernel."""

    kernel = True


class Asking:
    """A block in which imports that ask are noted."""

    def __init__(self) -> None:
        self.by: list[str] = []

    def __enter__(self) -> Asking:
        from IPython.core.interactiveshell import InteractiveShell

        vars(builtins).update(get_ipython=self._builtin, __IPYTHON__=True)
        InteractiveShell.initialized = self._initialized
        return self

    def __exit__(self, *_: object) -> None:
        from IPython.core.interactiveshell import InteractiveShell

        del InteractiveShell.initialized
        for name in ("get_ipython", "__IPYTHON__"):
            vars(builtins).pop(name)

    def _builtin(self) -> Any:
        """Stand in for the name that IPython gives to all code in a kernel."""
        asker = _caller(1)
        if asker in _LOOKERS:
            return ZMQInteractiveShell()
        self.by.append(asker)
        raise NameError("name 'get_ipython' is not defined")

    def _initialized(self) -> bool:
        """Stand in for what ``IPython.get_ipython`` asks first."""
        if (asker := _caller(2)) not in _ATTACHED_LATER:
            self.by.append(asker)
        return False


def attach() -> None:
    """Attach to the shell what would have done so when it was imported."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.install_repl_displayhook()


def _caller(depth: int) -> str:
    return str(sys._getframe(depth + 1).f_globals.get("__name__"))
