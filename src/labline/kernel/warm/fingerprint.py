"""Whether the packages that a zygote has imported are still those on the disk."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from labline.kernel.warm import imports

_DESCRIBES_PACKAGES = (".dist-info", ".egg-info", ".egg-link", ".pth")
Stamps = frozenset[tuple[str, int]]


class Fingerprint:
    """What is installed, as it was when this was made.

    Made before the zygote's first import, and handed to its heirs; the zygote asks
    :meth:`is_stale` before each lease.
    """

    def __init__(self) -> None:
        self._folders = _folders()
        self._packages = _packages()
        self._own: dict[str, int] = {}

    @property
    def digest(self) -> str:
        """Name of this set of packages."""
        return hashlib.sha256(repr(sorted(self._packages)).encode()).hexdigest()[:16]

    def is_stale(self) -> bool:
        """Tell whether a package came, went or changed; costs some 50 us while none did."""
        folders = _folders()
        if folders != self._folders:
            if _packages() != self._packages:
                return True
            self._folders = folders
        return any(_changed(path) != stamp for path, stamp in self._own.items())

    def take_in_own_code(self) -> None:
        """Watch labline's own files too, which change where it is installed in place."""
        for path in _own_files():
            self._own.setdefault(path, _changed(path))


def _folders() -> Stamps:
    return frozenset((path, _changed(path)) for path in imports.package_folders())


def _packages() -> Stamps:
    return frozenset(
        (entry.path, entry.stat().st_mtime_ns)
        for path in imports.package_folders()
        if Path(path).is_dir()
        for entry in os.scandir(path)
        if entry.name.endswith(_DESCRIBES_PACKAGES)
    )


def _own_files() -> list[str]:
    tops = ("labline", "__main__")
    own = [module for name, module in sys.modules.items() if name.partition(".")[0] in tops]
    return [path for module in own if (path := getattr(module, "__file__", None))]


def _changed(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - one system call, before every lease
    except OSError:
        return 0
