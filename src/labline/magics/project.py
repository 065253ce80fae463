"""The Lab that a shell's magics work on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from labline.lab import Lab

_labs: WeakKeyDictionary[Any, tuple[str, Lab]] = WeakKeyDictionary()


def lab(shell: Any) -> Lab:
    """Return the Lab of the project the shell works in, made once for as long as it stays there."""
    from labline.lab import Lab
    from labline.settings import find_root

    root = str(find_root(Path(os.environ.get("LABLINE_ROOT") or Path.cwd())))
    known = _labs.get(shell)
    if known is None or known[0] != root:
        known = _labs[shell] = (root, Lab.from_(root))
    return known[1]
