"""ipykernel's kernel, built and ended at the cost of a fork.

What a fork touches for the first time is copied, a page at a time; so nothing here goes through
all modules, or all processes, without need.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ipykernel import ipkernel
from ipykernel.ipkernel import IPythonKernel


class ForkedKernel(IPythonKernel):  # type: ignore[misc]
    """The kernel of a spare; :class:`~labline.kernel.warm.application.SpareApp` builds it."""

    #: names of the modules that the fork was born with
    inherited: Iterable[str] = ()

    def __init__(self, **options: Any) -> None:
        with _few_modules():
            super().__init__(**options)
        self._kernel_modules = _Files(self.inherited)
        if debugger := getattr(self, "debugger", None):
            debugger.kernel_modules = self._kernel_modules

    def _process_children(self) -> Any:
        """Return what is to end with the kernel; ipykernel asks so when it is shut down."""
        return super()._process_children() if _has_children() else []


class _Files:
    """Files of modules, looked up when the debugger asks which ones to step over."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = names

    def __iter__(self) -> Iterator[str]:
        for name in self._names:
            if path := getattr(sys.modules.get(name), "__file__", None):
                yield path


class _Sys:
    """Python's ``sys`` without modules."""

    modules: dict[str, Any] = {}  # noqa: RUF012 - as in sys

    def __getattr__(self, name: str) -> Any:
        return getattr(sys, name)


@contextmanager
def _few_modules() -> Iterator[None]:
    """Keep ipykernel from listing the files of all modules while it builds the kernel."""
    vars(ipkernel)["sys"] = _Sys()
    try:
        yield
    finally:
        vars(ipkernel)["sys"] = sys


def _has_children() -> bool:
    """Tell whether this process has any; ``True`` where the system does not say."""
    try:
        tasks = Path("/proc/self/task").iterdir()
        return any((task / "children").read_bytes() for task in tasks)
    except OSError:
        return True
