"""What a model needs to be loaded elsewhere: pinned distributions and local code.

The classes and functions that a model is made of are found by walking it as pickle would, without
writing anything. Each leads to a distribution, or to local code whose imports lead further.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dis import get_instructions
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from labline.kernel import environment

# MLflow's own loading code imports these, whatever the model is.
_LOADERS = ("mlflow", "cloudpickle", "numpy", "pandas")
# A graph does not say what runs it.
_RUNNERS = {"onnx": "onnxruntime"}


@dataclass(frozen=True)
class Needs:
    """What to install and what to ship."""

    #: pinned, ``name==version``
    requirements: tuple[str, ...]
    #: local modules and packages, which no index has
    code_paths: tuple[Path, ...]


def of_model(model: Any) -> Needs:
    """Return what `model` needs, judged by the modules it is made of."""
    found: set[str] = set(_LOADERS)
    code: dict[str, Path] = {}
    waiting = _modules(model)
    waiting |= {_RUNNERS[name] for name in waiting & _RUNNERS.keys()}
    while waiting:
        name = waiting.pop()
        if name in found or name in code or name in sys.stdlib_module_names or name == "__main__":
            continue
        place = _local(name)
        if place is None:
            found.add(name)
        else:
            code[name] = place
            waiting |= set(_imports(place)) & _top(sys.modules)
    # Several distributions share MLflow's name; the one to ask for is called so itself.
    mlflow = {"mlflow"} & set(environment.by_module().get("mlflow", ()))
    return Needs(_pinned(environment.loaded(found) | mlflow), tuple(code.values()))


def _pinned(roots: set[str]) -> tuple[str, ...]:
    """Pin the roots and, of what they require, what is loaded; MLflow's own needs it states."""
    present = {environment.normal(name): name for name in environment.loaded(sys.modules)}
    present |= {environment.normal(name): name for name in roots}
    chosen: set[str] = set()
    waiting = {environment.normal(name) for name in roots}
    while waiting:
        name = waiting.pop()
        if name in present and name not in chosen:
            chosen.add(name)
            waiting |= set() if name.startswith("mlflow") else environment.needed_by(name)
    chosen -= {"labline", "mlflow-skinny", "mlflow-tracing"}
    pins = environment.versions(present[name] for name in chosen)
    return tuple(f"{name}=={version}" for name, version in pins.items())


# -- what a model is made of ---------------------------------------------------------------------


class _Nowhere(io.RawIOBase):
    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


def _modules(model: Any) -> set[str]:
    """Return the top-level names of all modules that `model`'s parts are defined in."""
    import cloudpickle

    seen: set[str] = set()

    class Walker(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, part: Any) -> Any:
            seen.add(part.__name__ if isinstance(part, ModuleType) else _home(part))
            seen.update(_imported_inside(part))
            return super().reducer_override(part)

    try:
        # Out of band and dropped: an array's bytes are not even copied.
        Walker(_Nowhere(), protocol=5, buffer_callback=lambda _: None).dump(model)
    except Exception:  # noqa: BLE001 - saving the model will tell why; its class is known anyway
        seen.update(base.__module__ for base in type(model).__mro__)
    return _top(seen - {""})


def _home(part: Any) -> str:
    kind = part if isinstance(part, type) or callable(part) else type(part)
    return str(getattr(kind, "__module__", None) or type(part).__module__)


def _imported_inside(part: Any) -> Iterator[str]:
    """Yield what a function that travels by value imports when it is called."""
    code = getattr(part, "__code__", None)
    if isinstance(code, CodeType) and _home(part) == "__main__":
        yield from (step.argval for step in get_instructions(code) if step.opname == "IMPORT_NAME")


def _top(names: Iterable[str]) -> set[str]:
    return {name.partition(".")[0] for name in tuple(names)}


# -- local code ----------------------------------------------------------------------------------


def _local(name: str) -> Path | None:
    """Return the file or folder of a module that no index has, ``None`` for one that has."""
    module = sys.modules.get(name)
    if module is None:
        return None
    distributions = environment.by_module().get(name, ())
    if distributions and not any(map(environment.editable_root, distributions)):
        return None
    folders = list(getattr(module, "__path__", ()))
    if folders:
        return Path(folders[0])
    file = getattr(module, "__file__", None)
    return Path(file) if file and file.endswith(".py") else None


def _imports(place: Path) -> Iterator[str]:
    for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
        try:
            tree = ast.parse(file.read_bytes())
        except (OSError, SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]
