"""Warm kernels as surfaces see them: what is kept ready, and the end of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labline.lab.service import Lab


@dataclass(frozen=True)
class KernelDesk:
    """Where one asks for the processes behind a project's warm kernels."""

    lab: Lab

    def status(self) -> dict[str, Any]:
        """Return whether kernels start warm, and what is kept ready now."""
        from labline.kernel import warm
        from labline.kernel.warm.wishes import FORKED, PRESTARTED

        root, wanted = self.lab.settings.root, self.lab.settings.kernels
        learned = warm.learned(root)
        return {
            "warm": wanted.warm,
            "start": wanted.start or (FORKED if warm.CAN_FORK else PRESTARTED),
            "zygotes": warm.zygotes(root),
            "learned": len(learned.modules),
            "unfit": dict(learned.unfit),
        }

    def stop(self) -> None:
        """End what is kept ready; kernels that are in use go on."""
        from labline.kernel import warm

        warm.stop(self.lab.settings.root)
