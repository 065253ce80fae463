from __future__ import annotations

import builtins
from types import ModuleType

from IPython import get_ipython
from IPython.core.interactiveshell import InteractiveShell

from labline.kernel.warm.asking import Asking


def _run(name: str, source: str) -> ModuleType:
    module = ModuleType(name)
    exec(source, module.__dict__)
    return module


def test_a_module_that_asks_for_the_shell_is_noted() -> None:
    with Asking() as asking:
        _run("plain", "x = 1")
        _run("by_function", "import IPython; shell = IPython.get_ipython()")
        _run("by_name", "try: get_ipython()\nexcept NameError: pass")
    assert asking.by == ["by_function", "by_name"]


def test_a_looker_sees_a_kernel_and_is_not_noted() -> None:
    look = "kernel = hasattr(get_ipython(), 'kernel')"
    with Asking() as asking:
        pandas = _run("pandas.core.config_init", look)
        tqdm = _run("tqdm.autonotebook", f"from IPython import get_ipython\n{look}")
    assert pandas.kernel
    assert tqdm.kernel
    assert asking.by == []


def test_what_attaches_itself_later_sees_no_shell_and_is_not_noted() -> None:
    with Asking() as asking:
        module = _run("matplotlib.pyplot", "import IPython; shell = IPython.get_ipython()")
    assert module.shell is None
    assert asking.by == []


def test_nothing_is_left_of_it() -> None:
    with Asking():
        assert vars(builtins)["__IPYTHON__"]
    assert not {"get_ipython", "__IPYTHON__"} & vars(builtins).keys()
    assert InteractiveShell.initialized() is False
    assert get_ipython() is None
