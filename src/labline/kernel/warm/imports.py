"""What the notebooks of a project import: ``.labline/warm/imports.json``.

::

    {"modules": ["pandas", "sklearn.linear_model"],
     "unfit": {"noisy": "wrote to stdout or stderr"}, "packages": "0a1b..."}

Every warm kernel adds what it had to import itself; the zygote's heir imports it, strikes out
what another import brings along, and notes what must not be imported ahead. Only installed
packages are kept: the project's own modules change while one works on them.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import json
import os
import site
import sys
import sysconfig
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from labline.kernel.warm.key import find_root

#: more names than this are not kept
LIMIT = 3000
# So many modules of a package are found unfit one by one, then all of it is.
_STRIKES = 2
# A known module may stand among the new ones if it was removed and imported again.
_ENOUGH = 30


@dataclass(frozen=True)
class Learned:
    """What is known of a project's imports."""

    #: in the order in which they were first imported
    modules: Sequence[str] = ()
    #: what is not imported ahead, and why
    unfit: Mapping[str, str] = field(default_factory=dict)
    #: digest of the packages among which it is unfit
    packages: str = ""

    def wanted(self, packages: str) -> list[str]:
        """Return the modules to import ahead that this process has not imported."""
        unfit = self.unfit.keys() if packages == self.packages else set()
        known = unfit | sys.modules.keys()
        # A module cannot be imported without the packages that it is in.
        return [name for name in self.modules if name not in known and not _within(name, unfit)]


def _within(name: str, packages: Collection[str]) -> bool:
    parts = name.split(".")
    return any(".".join(parts[:count]) in packages for count in range(1, len(parts)))


def place(root: Path) -> Path:
    """Return the file of a project."""
    return root / ".labline" / "warm" / "imports.json"


def read(root: Path) -> Learned:
    """Return what is known; nothing if the file is missing or damaged."""
    with contextlib.suppress(OSError, ValueError, TypeError, AttributeError):
        data = json.loads(place(root).read_text(encoding="utf-8"))
        modules = [str(name) for name in data["modules"]]
        return Learned(modules[:LIMIT], dict(data["unfit"].items()), str(data["packages"]))
    return Learned()


def write(root: Path, learned: Learned) -> None:
    """Replace what is known; a project without a state folder keeps none."""
    path = place(root)
    if not root.is_dir() or not (path.parent.parent.is_dir() or (root / "labline.toml").is_file()):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(learned), indent=1)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as new:
        new.write(text)
    Path(new.name).replace(path)


def learn(modules: Iterable[str], root: Path | None = None) -> None:
    """Remember modules, dotted names as in ``sys.modules``, for kernels to come.

    A warm kernel calls this after a cell that imported something; whoever knows a project's
    imports may call it too.

    Parameters
    ----------
    root
        The project; by default that of ``LABLINE_ROOT`` or of the current directory.
    """
    root = root or Path(os.environ.get("LABLINE_ROOT") or find_root(Path.cwd()))
    known = read(root)
    seen = set(known.modules)
    new = [name for name in modules if name not in seen and is_installed(name)]
    if new:
        write(root, replace(known, modules=[*known.modules, *new][:LIMIT]))


def note_unfit(root: Path, name: str, reason: str, packages: str) -> None:
    """Remember that a module is not to be imported ahead, as long as `packages` are installed."""
    known = read(root)
    unfit = dict(known.unfit if known.packages == packages else {})
    top = name.partition(".")[0]
    if sum(other.partition(".")[0] == top for other in unfit) >= _STRIKES:
        name = top
    write(root, Learned(known.modules, {**unfit, name: reason}, packages))


def beyond(known: frozenset[str]) -> list[str]:
    """Return the names of the modules that this process has besides the known.

    The new come last. Those before them are not looked at: in a fork, to touch an object is to
    copy the page of memory that it is in, and there are thousands.
    """
    found: list[str] = []
    in_a_row = 0
    with contextlib.suppress(RuntimeError):  # another thread imports; there is a next time
        for name in reversed(sys.modules):
            in_a_row = in_a_row + 1 if name in known else 0
            if in_a_row > _ENOUGH:
                break
            if not in_a_row:
                found.append(name)
    return found[::-1]


def is_installed(name: str) -> bool:
    """Tell whether a module belongs to the standard library or to an installed package."""
    top = name.partition(".")[0]
    if top in ("__main__", "__mp_main__"):
        return False
    if top in sys.stdlib_module_names or top == "labline":
        return True
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return False
    folders = list((spec and spec.submodule_search_locations) or ())
    path = (spec and spec.origin) or (folders and folders[0])
    return bool(path) and str(path).startswith(package_folders())


@functools.cache
def package_folders() -> tuple[str, ...]:
    """Return the folders that packages are installed in."""
    paths = sysconfig.get_paths()
    folders = {paths["purelib"], paths["platlib"], *site.getsitepackages()}
    return tuple(sorted(folders | {site.getusersitepackages()}))


@functools.cache
def lasting_folders() -> tuple[str, ...]:
    """Return the folders whose files do not change while a zygote lives, or it is replaced."""
    paths = sysconfig.get_paths()
    own = Path(__file__).parents[2]
    return (*package_folders(), paths["stdlib"], paths["platstdlib"], str(own))


def hidden_by(folder: Path) -> str | None:
    """Return the name of a loaded module that a file in `folder` would hide, if any would.

    A cold kernel looks into its working directory before it looks elsewhere.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            name, dot, suffix = entry.name.partition(".")
            is_code = suffix.endswith(("py", "so", "pyc")) if dot else _is_package(entry)
            # The standard library comes before the working directory.
            if is_code and name in sys.modules.keys() - sys.stdlib_module_names - {"__main__"}:
                return name
    return None


def _is_package(entry: os.DirEntry[str]) -> bool:
    return entry.name in sys.modules and Path(entry.path, "__init__.py").is_file()
