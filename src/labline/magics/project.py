"""The Lab that a shell's magics work on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from labline.lab import Lab
    from labline.settings import Edition

_labs: WeakKeyDictionary[Any, tuple[Edition, Lab]] = WeakKeyDictionary()


def lab(shell: Any) -> Lab:
    """Return the Lab of the project that the shell works in, by its labline.toml as it is now.

    Raises
    ------
    BadSettings
        The file cannot be used.
    """
    from labline.lab import Lab
    from labline.settings import edition, find_root

    root = find_root(Path(os.environ.get("LABLINE_ROOT") or Path.cwd()))
    now, known = edition(root), _labs.get(shell)
    if known is None or known[0] != now:
        known = _labs[shell] = (now, Lab.from_(root))
    return known[1]
