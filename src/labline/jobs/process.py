"""The process of a kernel of a job: jupyter_client's manager, for one who waits alone."""

from __future__ import annotations

from typing import Any

from jupyter_client import AsyncKernelManager


class KernelProcess(AsyncKernelManager):  # type: ignore[misc]
    """Starts a kernel for one client that does nothing meanwhile.

    jupyter_client's own makes its start a "pending state" that others can wait for, and sleeps
    0.01 s so that its tests see it. Where a release of it does so no more, this is that one
    unchanged.
    """

    async def start_kernel(self, **options: Any) -> None:
        """Start the process; called by nbclient."""
        start = AsyncKernelManager.start_kernel
        await getattr(start, "__wrapped__", start)(self, **options)
