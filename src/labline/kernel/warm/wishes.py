"""What a project says of warm kernels: ``[kernels]`` in ``labline.toml``."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

from labline.errors import BadSettings

_SECTION = "kernels"
_VARIABLES = "LABLINE_KERNELS__"


#: from a zygote
FORKED = "forked"
#: each on its own
PRESTARTED = "prestarted"


@dataclass(frozen=True)
class Wishes:
    """How the kernels of a project are to start."""

    #: whether ahead of time
    warm: bool
    #: how: :data:`FORKED` or :data:`PRESTARTED`
    start: str
    #: kernels that are kept ready
    spares: int
    #: seconds without a kernel until what is kept ready ends
    idle: float


def of_project(root: Path, otherwise: Wishes) -> Wishes:
    """Return what a project wishes; what it does not mention is as in `otherwise`.

    A policy that cannot be used stops no kernel from starting; every other command says so.
    """
    if not _is_mentioned(root):
        return otherwise
    from labline.settings import Settings

    try:
        said = Settings.load(root).kernels
    except BadSettings as error:
        logging.getLogger(__name__).warning("Kernels start by default settings: %s", error)
        return otherwise
    names = said.model_fields_set
    return Wishes(
        warm=said.warm,
        start=said.start or otherwise.start,
        spares=said.spares if "spares" in names else otherwise.spares,
        idle=said.idle if "idle" in names else otherwise.idle,
    )


def _is_mentioned(root: Path) -> bool:
    # Most projects say nothing, and to load the settings takes as long as to start the kernel.
    if any(name.startswith(_VARIABLES) for name in os.environ):
        return True
    try:
        return _SECTION in (root / "labline.toml").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
