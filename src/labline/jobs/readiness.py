"""A kernel's client that is ready when the kernel is, and not a fifth of a second later."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient

# Until the shell has answered, and until what it then publishes has come.
_ANSWER, _NEWS = 1.0, 0.05


class ReadyClient(AsyncKernelClient):  # type: ignore[misc]
    """jupyter_client's own, but for how it waits for the kernel.

    That one listens, at the end, until nothing was published for 0.2 s. Here the kernel's word
    that it has done with the question tells the same: what is published later is the notebook's.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when the kernel answers and what it publishes arrives; called by nbclient.

        Raises
        ------
        RuntimeError
            The kernel has ended, or did not answer within `timeout` seconds.
        """
        until = time.monotonic() + (float("inf") if timeout is None else timeout)
        while not await self._answers():
            if not await self._async_is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > until:
                raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")

    async def _answers(self) -> bool:
        """Ask what kernel it is; whether the answer came on both channels."""
        asked = self.kernel_info()
        try:
            reply = await self.shell_channel.get_msg(timeout=_ANSWER)
            while not _is_done(await self.iopub_channel.get_msg(timeout=_NEWS), asked):
                pass
        except Empty:
            # Not up yet; or up, with its publications still going past a new listener.
            return False
        self._handle_kernel_info_reply(reply)
        return True


def _is_done(news: dict[str, Any], asked: str) -> bool:
    idle = news["msg_type"] == "status" and news["content"]["execution_state"] == "idle"
    return idle and bool(news["parent_header"].get("msg_id") == asked)
