"""Clients that know when a kernel is ready, instead of waiting until nothing is heard from it."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.utils import ensure_async, run_sync

# Until the shell has answered, and then until what it published has come.
_ANSWER, _NEWS = 1.0, 0.05
# Until a kernel that runs already has said that it is heard.
_WELCOME = 0.2


class _Ready:
    """Replaces the end of ``wait_for_ready``: 0.2 s of silence on IOPub.

    A kernel says on IOPub when it has handled the request for its information: it is idle again.
    All that it said before is then taken from the channel, which is what the silence is for.
    """

    async def _async_wait_for_ready(self: Any, timeout: float | None = None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while not await self._answers():
            if not await self._async_is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if deadline is not None and time.monotonic() > deadline:
                raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")

    async def _answers(self: Any) -> bool:
        """Ask what kernel it is; whether the answer came on both channels."""
        request = self.kernel_info()
        try:
            while True:
                reply = await ensure_async(self.shell_channel.get_msg(timeout=_ANSWER))
                if reply["parent_header"].get("msg_id") == request:
                    break
            self._handle_kernel_info_reply(reply)
            self.info = reply["content"]
            while not _is_idle_after(request, await self._said()):
                pass
        except Empty:
            # Not up yet; or up, but subscriptions take a moment: what was said before, is lost.
            return False
        return True

    async def _said(self: Any) -> Any:
        return await ensure_async(self.iopub_channel.get_msg(timeout=_NEWS))


def _is_idle_after(request: str, message: Any) -> bool:
    about = message["parent_header"].get("msg_id"), message["content"].get("execution_state")
    return bool(about == (request, "idle"))


class WarmKernelClient(_Ready, AsyncKernelClient):  # type: ignore[misc]
    """For programs with an event loop: nbclient, papermill, JupyterLab."""

    wait_for_ready = _Ready._async_wait_for_ready


class CellClient(WarmKernelClient):
    """For a program that only runs cells, in a kernel whose process it watches itself.

    It has no heartbeat, which is a thread, and no way to be asked for input.
    """

    #: what the kernel has said of itself, once it was asked
    info: dict[str, Any] | None = None

    def start_channels(self, *_: Any, **__: Any) -> None:
        """Connect what is needed; called by nbclient."""
        super().start_channels(stdin=False, hb=False)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Return when all that the kernel will say is heard; called by nbclient.

        A kernel welcomes who subscribes (JEP 65). What it is asked from then on, it does when it
        is ready; nobody needs to wait for that. One that says nothing is asked who it is.
        """
        if not await self._is_welcome():
            await self._async_wait_for_ready(timeout)

    async def language(self) -> dict[str, Any]:
        """Return what the kernel says of its language."""
        if self.info is None:
            await self._async_wait_for_ready()
        assert self.info is not None
        return dict(self.info["language_info"])

    async def _is_welcome(self) -> bool:
        deadline = time.monotonic() + _WELCOME
        try:
            while (left := deadline - time.monotonic()) > 0:
                message = await ensure_async(self.iopub_channel.get_msg(timeout=left))
                if message["msg_type"] == "iopub_welcome":
                    return True
        except Empty:
            pass
        return False


class BlockingWarmKernelClient(_Ready, BlockingKernelClient):  # type: ignore[misc]
    """For programs without."""

    wait_for_ready = run_sync(_Ready._async_wait_for_ready)


#: by the client that it replaces
REPLACEMENTS = {AsyncKernelClient: WarmKernelClient, BlockingKernelClient: BlockingWarmKernelClient}
