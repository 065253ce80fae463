"""Which kernels one zygote can serve: those that are alike in all that is fixed before they fork.

An import reads environment variables, limits and the interpreter once. So whatever of these an
import may read is part of the key, and a zygote is started with exactly these variables: it never
sees a job's secrets, and a job never gets a module that was imported under other settings.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from labline import __version__
from labline.kernel.warm.wire import CannotServe

#: modules that a zygote can run as ``python -m`` would
KERNELS = ("labline.kernel", "ipykernel_launcher")

#: what nbclient adds for the kernel ``python3``: its cells stay out of the user's history
NO_HISTORY = "--HistoryManager.hist_file=:memory:"
#: what a job adds for a kernel that does not load labline by itself
WITH_LABLINE = "--ext=labline"
#: IPython's option by which a kernel does not sleep 0.5 ms after each cell; it does so for clients
#: that take the reply for the end of what the cell shows
NO_SLEEP = "--IPythonKernel._execute_sleep=0"
_OPTIONS = frozenset({NO_HISTORY, WITH_LABLINE, NO_SLEEP})

_NAMES = """
ALLUSERSPROFILE APPDATA COMMONPROGRAMFILES COMSPEC HOMEDRIVE HOMEPATH LOCALAPPDATA
NUMBER_OF_PROCESSORS PATHEXT PROCESSOR_ARCHITECTURE PROGRAMDATA PROGRAMFILES PUBLIC SYSTEMDRIVE
SYSTEMROOT USERDOMAIN USERNAME USERPROFILE WINDIR
CONDA_PREFIX DISPLAY HF_HOME HOME LANG LANGUAGE LOGNAME PATH SHELL TEMP TMP TMPDIR TZ TZDIR USER
VIRTUAL_ENV WAYLAND_DISPLAY JUPYTER_CONFIG_DIR JUPYTER_CONFIG_PATH JUPYTER_DATA_DIR
JUPYTER_NO_CONFIG JUPYTER_PATH JUPYTER_PLATFORM_DIRS JUPYTER_PREFER_ENV_PATH JUPYTER_RUNTIME_DIR
XDG_CACHE_HOME XDG_CONFIG_DIRS XDG_CONFIG_HOME XDG_DATA_DIRS XDG_DATA_HOME XDG_RUNTIME_DIR
XDG_STATE_HOME
"""
_PREFIXES = """
ARROW_ BLIS_ CUDA_ DASK_ DYLD_ GLIBC_ GOMP_ GOTO_ HIP_ IPYTHON JAX_ JOBLIB_ KERAS_ KMP_ LC_ LD_
LOKY_ MALLOC_ MIMALLOC_ MKL_ MPL NCCL_ NPY_ NUMBA_ NUMEXPR_ NUMPY_ NVIDIA_ OMP_ OPENBLAS_ PANDAS_
POLARS_ PYTHON PYTORCH_ ROCR_ SCIPY_ SKLEARN_ SSL_ TBB_ TF_ TOKENIZERS_ TORCH VECLIB_ XLA_
"""
_READ_AT_IMPORT = frozenset(_NAMES.split())
_READ_AT_IMPORT_PREFIXES = tuple(_PREFIXES.split())


@dataclass(frozen=True)
class Key:
    """What two kernels must share to be forks of one zygote."""

    #: the interpreter, as the kernelspec has it
    python: str
    #: module that is the kernel
    module: str
    #: folder of ``labline.toml``, else the kernel's own
    root: str
    #: working directory of the zygote
    cwd: str
    #: the variables that an import may read
    environment: Mapping[str, str]
    #: what a process inherits: CPUs, resource limits, priority, control group
    inherited: Sequence[Any]
    #: labline of the one who asks
    version: str = __version__

    @property
    def digest(self) -> str:
        """Name of the zygote."""
        user = os.getuid() if hasattr(os, "getuid") else None
        text = json.dumps([user, asdict(self)], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def of_kernel(command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> Key:
    """Return the key of the kernel that `command` would start.

    Raises
    ------
    CannotServe
        `command` is more than ``PYTHON -m KERNEL -f FILE``, but for a job's options.
    """
    is_plain = len(command) >= 5 and [command[1], command[3]] == ["-m", "-f"]
    if not is_plain or command[2] not in KERNELS or not _OPTIONS.issuperset(command[5:]):
        raise CannotServe(f"{' '.join(command)!r} is not a plain Python kernel")
    root = environment.get("LABLINE_ROOT") or find_root(cwd)
    # matplotlib reads this file of the working directory when it is imported.
    at = str(cwd) if (cwd / "matplotlibrc").exists() else str(root)
    seen = {name: value for name, value in environment.items() if is_read_at_import(name)}
    if "PYTHONPATH" in seen:
        parts = seen["PYTHONPATH"].split(os.pathsep)
        seen["PYTHONPATH"] = os.pathsep.join(str(cwd / part) for part in parts)
    python = os.path.abspath(os.path.expanduser(command[0]))  # noqa: PTH100, PTH111 - links stay
    return Key(python, command[2], str(root), at, seen, _inherited())


def find_root(start: Path) -> Path:
    """Return the project's folder; as the settings do, without loading pydantic."""
    return next((at for at in (start, *start.parents) if (at / "labline.toml").is_file()), start)


def is_read_at_import(name: str) -> bool:
    """Tell whether importing a library may read this environment variable."""
    return name in _READ_AT_IMPORT or name.startswith(_READ_AT_IMPORT_PREFIXES)


def _inherited() -> list[Any]:
    if os.name != "posix":
        return []
    import resource

    names = sorted(name for name in vars(resource) if name.startswith("RLIMIT_"))
    limits = [resource.getrlimit(getattr(resource, name)) for name in names]
    priority = os.getpriority(os.PRIO_PROCESS, 0)
    if sys.platform != "linux":
        return [limits, priority]
    group = Path("/proc/self/cgroup").read_text(encoding="utf-8")
    return [sorted(os.sched_getaffinity(0)), limits, priority, group]
