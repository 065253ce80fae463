"""Warm kernels: processes that have imported what notebooks import before they are asked for.

Where the system forks safely, a kernel is a fork of such a process. Who is who, in the order of a
start:

:class:`~labline.kernel.warm.provisioner.WarmProvisioner`
    What Jupyter talks to, in the process of JupyterLab, papermill or nbclient. It works out the
    :class:`~labline.kernel.warm.key.Key` of the kernel that is asked for, finds or starts the
    zygote of that key and leases a spare from it. Where it cannot, it starts a cold kernel.
:class:`~labline.kernel.warm.zygote.Zygote`
    One process per key. It imports and never computes, keeps a few spares, hands them out, and
    tells the provisioner the exit code of each kernel, whose parent it is.
:class:`~labline.kernel.warm.heir.Heir`
    A fork of the zygote that imports what the project's notebooks were seen to import, checks
    that each import left nothing a fork must not inherit, and then takes the zygote's place.
:mod:`~labline.kernel.warm.spare`
    A fork of the zygote that has built its kernel already. It learns from the provisioner who
    it is to be (connection, environment, folder), becomes that, and is an ordinary kernel.

Elsewhere, and where a project says so, spares are started cold ahead of demand:

:class:`~labline.kernel.warm.keeper.Keeper`
    In the process that starts kernels. It keeps spares ready as its children and gives them away.
:mod:`~labline.kernel.warm.prestarted`
    Such a spare: it imports and waits, and then is a kernel as a fork is.

What both have in common: :class:`~labline.kernel.warm.application.SpareApp` becomes the kernel,
:mod:`~labline.kernel.warm.ahead` imports and looks for harm.

Nothing here is imported by a cold kernel.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labline.kernel.warm.imports import learn
from labline.kernel.warm.imports import read as learned

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["CAN_FORK", "learn", "learned", "stop", "zygotes"]

#: elsewhere spares are prestarted
CAN_FORK = sys.platform == "linux" and hasattr(os, "fork") and hasattr(os, "pidfd_open")


def stop(root: Path) -> None:
    """End a project's zygotes, and the spares of this process; its running kernels go on."""
    if keeper := sys.modules.get("labline.kernel.warm.keeper"):
        keeper.stop(root)
    if CAN_FORK:
        from labline.kernel.warm import lease

        lease.stop(root)


def zygotes(root: Path) -> Sequence[dict[str, Any]]:
    """Return the zygotes of a project: ``pid``, ``module``, ``spares``, ``kernels``, ``imported``.

    ``kernels`` are the processes of those in use, ``imported`` counts the modules that every new
    one has.
    """
    if not CAN_FORK:
        return []
    from labline.kernel.warm import lease

    return lease.zygotes(root)
