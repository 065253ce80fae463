"""Whether an import asks for the running IPython, which a zygote does not have.

Some modules decide at import whether they are in a notebook, or attach themselves to the shell.
What they would decide here they would keep in every kernel.
"""

from __future__ import annotations

import builtins
import sys
from typing import Any, ClassVar

#: they look at what kind of shell it is, and keep nothing of it
_LOOKERS = frozenset({"pandas.core.config_init", "tqdm.autonotebook"})
#: they attach themselves, and are told to do so again: :func:`attach`
_ATTACHED_LATER = frozenset({"matplotlib.pyplot", "ipywidgets"})


class ZMQInteractiveShell:
    """What a looker sees: the shell of a kernel."""

    kernel = True
    config: ClassVar[dict[str, Any]] = {"IPKernelApp": {}}


class Asking:
    """A block in which imports that ask are noted."""

    def __init__(self) -> None:
        self.by: list[str] = []

    def __enter__(self) -> Asking:
        from IPython.core.interactiveshell import InteractiveShell

        vars(builtins).update(get_ipython=self._by_name, __IPYTHON__=True)
        InteractiveShell.initialized = self._by_function
        InteractiveShell.instance = ZMQInteractiveShell
        return self

    def __exit__(self, *_: object) -> None:
        from IPython.core.interactiveshell import InteractiveShell

        del InteractiveShell.initialized, InteractiveShell.instance
        for name in ("get_ipython", "__IPYTHON__"):
            vars(builtins).pop(name)

    def _by_name(self) -> Any:
        """Stand in for the name that IPython gives to all code in a kernel."""
        if self._is_looker(_caller(1)):
            return ZMQInteractiveShell()
        raise NameError("name 'get_ipython' is not defined")

    def _by_function(self) -> bool:
        """Stand in for what ``IPython.get_ipython`` asks first."""
        return self._is_looker(_caller(2))

    def _is_looker(self, asker: str) -> bool:
        if asker not in _LOOKERS | _ATTACHED_LATER:
            self.by.append(asker)
        return asker in _LOOKERS


def attach() -> None:
    """Attach to the shell what would have done so when it was imported."""
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.install_repl_displayhook()
    if widgets := sys.modules.get("ipywidgets"):
        widgets.register_comm_target()


def _caller(depth: int) -> str:
    return str(sys._getframe(depth + 1).f_globals.get("__name__"))
