"""Programs that start kernels use warm ones unchanged."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import nbformat
import psutil
import pytest
from tests.conftest import write_notebook
from tests.warm import Project, project, wait_until

__all__ = ["project"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels do not fork")


def test_papermill_uses_it_unchanged(project: Project) -> None:
    import papermill

    book = write_notebook(project.root / "a.ipynb", "print(x * 2)", parameters="x = 1")
    made = papermill.execute_notebook(
        book, project.root / "b.ipynb", {"x": 21}, kernel_name="warm", progress_bar=False
    )
    assert made.cells[-1].outputs[0].text == "42\n"


def test_nbclient_uses_it_unchanged(project: Project) -> None:
    from nbclient import NotebookClient

    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import os; os.getppid()")])
    NotebookClient(book, kernel_name="warm").execute()
    parent = psutil.Process(int(book.cells[0].outputs[0].data["text/plain"]))
    project.note()
    assert "labline.kernel.warm" in parent.cmdline()


def test_jupyter_server_uses_it_unchanged(project: Project) -> None:
    from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager

    async def use() -> None:
        kernels = AsyncMappingKernelManager(root_dir=str(project.root))
        one = await kernels.start_kernel(kernel_name="warm")
        first = kernels.get_kernel(one).provisioner.pid
        await kernels.restart_kernel(one)
        manager = kernels.get_kernel(one)
        assert manager.provisioner.pid != first
        client = manager.client()
        client.start_channels()
        await client.wait_for_ready(timeout=60)
        reply = await client.execute("1", reply=True, timeout=60)
        assert reply["content"]["status"] == "ok"
        client.stop_channels()
        os.kill(manager.provisioner.pid, signal.SIGKILL)
        assert wait_until(lambda: not psutil.pid_exists(first))
        for _ in range(600):
            await asyncio.sleep(0.05)
            if not await manager.is_alive():
                break
        assert not await manager.is_alive()
        await kernels.shutdown_all(now=True)

    asyncio.run(use())
    project.note()
