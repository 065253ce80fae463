"""Kernels that were started ahead of demand: what keeps them, what they import, when they go."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from jupyter_client import AsyncKernelManager
from tests.conftest import write_notebook
from tests.jobs import shown
from tests.warm import Kernel, Project, ended, packages, project, wait_until

from labline import notebooks
from labline.jobs.execution import Plan, execute_notebook
from labline.kernel import warm
from labline.kernel.warm import imports, keeper, kept

__all__ = ["packages", "project"]

HOW = "prestarted"


def spares(project: Project) -> list[psutil.Process]:
    """Return what is kept ready for a project and is nobody's kernel."""
    kernels = {one.process.pid for pool in _pools() for one in pool.kernels}
    return [one for one in project.zygotes() if one.pid not in kernels]


def _pools() -> list[keeper.Pool]:
    return list(keeper.of_process()._pools.values())


def is_ready(project: Project) -> bool:
    """Tell whether as many spares as are wanted could be given away."""
    return all(len(pool.ready) == pool.size for pool in _pools()) and bool(spares(project))


def is_prestarted(kernel: Kernel) -> bool:
    return "prestarted" in kernel.process.cmdline() and kernel.process.ppid() == os.getpid()


def test_a_spare_becomes_the_kernel_and_another_takes_its_place(project: Project) -> None:
    with project.kernel(HOW) as first:
        assert is_prestarted(first)
        assert wait_until(lambda: is_ready(project))
        (spare,) = spares(project)
        with project.kernel(HOW) as second:
            assert second.process == spare
            assert first.run("6 * 7") == second.run("6 * 7") == "42"


def test_a_program_that_runs_one_notebook_keeps_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "_ENOUGH_DEMAND", 2)
    with project.kernel(HOW) as kernel:
        assert not is_prestarted(kernel)
        assert project.zygotes() == []
    with project.kernel(HOW) as kernel:
        assert is_prestarted(kernel)


def test_what_a_notebook_imports_the_next_kernel_has(project: Project) -> None:
    (project.root / "local.py").touch()
    loaded = "sorted(set(__import__('sys').modules) & {'wave', 'local', 'wsgiref.handlers'})"
    with project.kernel(HOW) as kernel:
        assert kernel.value(loaded) == []
        kernel.run("import wave, local, wsgiref.simple_server")
    project.settle(HOW)
    with project.kernel(HOW) as kernel:
        assert kernel.value(loaded) == ["wave", "wsgiref.handlers"]
    known = imports.read(project.root).modules
    assert {"wave", "wsgiref.simple_server"} <= set(known)
    assert not {"local", "wsgiref.handlers"} & set(known)


def test_an_import_that_does_harm_is_left_to_the_kernels(project: Project, packages: Path) -> None:
    harmful = {
        "talking": "print('hello')",
        "dying": "import os; os._exit(1)",
        "asking": "import IPython; shell = IPython.get_ipython()",
    }
    # Nothing is forked from a kernel that imported this.
    harmless = {
        "threaded": "import threading as t; t.Thread(target=t.Event().wait, daemon=True).start()"
    }
    for name, source in {**harmful, **harmless}.items():
        (packages / f"{name}.py").write_text(source)
    imports.write(project.root, imports.Learned([*harmful, *harmless]))
    project.settle(HOW)
    assert imports.read(project.root).unfit.keys() == harmful.keys()
    with project.kernel(HOW) as kernel:
        kernel.run("import talking")
        assert kernel.stdout == "hello\n"


def test_an_import_that_hangs_is_given_up(
    project: Project, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packages / "hanging.py").write_text("import time; time.sleep(600)")
    imports.write(project.root, imports.Learned(["wave", "hanging"]))
    # The start of a spare, before its first import, must be within it.
    monkeypatch.setattr(kept, "_PATIENCE", 10.0)
    with project.kernel(HOW) as kernel:
        assert is_prestarted(kernel)
        assert kernel.value("'wave' in __import__('sys').modules")
    assert list(imports.read(project.root).unfit) == ["hanging"]


def test_spares_whose_packages_changed_are_replaced(
    project: Project, packages: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="traitlets")
    with project.kernel(HOW) as running:
        assert wait_until(lambda: is_ready(project))
        (spare,) = spares(project)
        (packages / "thing-1.0.dist-info").mkdir()
        with project.kernel(HOW) as kernel:
            assert not is_prestarted(kernel)
        assert ended(spare)
        assert "installed packages changed" in caplog.text
        with project.kernel(HOW) as kernel:
            assert is_prestarted(kernel)
        assert running.run("1") == "1"


def test_a_file_that_hides_a_package_starts_cold_and_the_spare_waits_on(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    (project.root / "here").mkdir()
    (project.root / "here" / "tornado.py").write_text("HIDDEN = True")
    with project.kernel(HOW, cwd=str(project.root / "here")) as kernel:
        assert not is_prestarted(kernel)
        (spare,) = spares(project)
    assert "'tornado'" in caplog.text
    with project.kernel(HOW) as kernel:
        assert kernel.process == spare


def test_spares_that_nobody_uses_end_and_so_does_what_keeps_them(project: Project) -> None:
    project.write_spec("brief", start=HOW, spares=1, idle=0.5)
    with project.kernel("brief") as kernel:
        assert wait_until(lambda: is_ready(project))
        time.sleep(1.5)
        assert is_ready(project)
        assert kernel.run("1") == "1"
    assert wait_until(lambda: project.zygotes() == [])
    assert wait_until(lambda: keeper.of_process()._thread is None)


def test_spares_are_ended_on_demand_and_kernels_go_on(project: Project) -> None:
    with project.kernel(HOW) as kernel:
        assert wait_until(lambda: is_ready(project))
        warm.stop(project.root)
        assert spares(project) == []
        assert kernel.run("1") == "1"
        with project.kernel(HOW) as second:
            assert is_prestarted(second)


def test_a_start_that_is_given_up_leaves_no_kernel(project: Project) -> None:
    def is_over() -> bool:
        (pool,) = _pools()
        return not (pool.waiting or pool.lent or pool.kernels)

    async def start_and_give_up() -> None:
        manager = AsyncKernelManager(kernel_name=HOW)
        task = asyncio.create_task(manager.start_kernel(cwd=str(project.root)))
        assert await asyncio.to_thread(wait_until, lambda: _pools() and _pools()[0].waiting)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(wait_until, is_over)

    asyncio.run(start_and_give_up())
    assert wait_until(lambda: is_ready(project))
    assert len(project.zygotes()) == 1


def test_a_kernel_that_is_to_outlive_its_owner_starts_cold(project: Project) -> None:
    with project.kernel(HOW, independent=True) as kernel:
        assert not is_prestarted(kernel)


@pytest.mark.parametrize("transport", ["tcp", "encrypted"])
def test_a_kernel_behind_tcp_or_encryption_is_served_too(
    project: Project, monkeypatch: pytest.MonkeyPatch, transport: str
) -> None:
    # As on Windows.
    monkeypatch.setattr("labline.kernel.warm.provisioner._choose_ipc", lambda _: None)
    spec = project.specs / "kernels" / HOW / "kernel.json"
    said = json.loads(spec.read_text())
    said["metadata"]["supported_encryption"] = "curve"
    spec.write_text(json.dumps(said))
    how = "required" if transport == "encrypted" else "disabled"
    with project.kernel(HOW, transport_encryption=how) as kernel:
        assert is_prestarted(kernel)
        info = kernel.manager.get_connection_info()
        assert info["transport"] == "tcp"
        assert bool(info.get("curve_secretkey")) == (transport == "encrypted")
        assert kernel.value("__import__('sys').argv[1:]") == ["-f", kernel.manager.connection_file]
        assert kernel.run("%pwd") == repr(str(project.root))
        assert kernel.value("'record' in get_ipython().magics_manager.magics['cell']")
        request = kernel.begin("import time\ntime.sleep(60)")
        kernel.manager.interrupt_kernel()
        reply = kernel.client.get_shell_msg(timeout=30)
        assert reply["parent_header"]["msg_id"] == request
        assert reply["content"]["ename"] == "KeyboardInterrupt"


def test_a_system_that_cannot_fork_has_prestarted_kernels(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labline.kernel.warm.provisioner.CAN_FORK", False)
    with project.kernel("warm") as kernel:
        assert is_prestarted(kernel)


def test_a_project_says_how_its_jobs_start(project: Project) -> None:
    (project.root / "labline.toml").write_text('[kernels]\nstart = "prestarted"\nspares = 1\n')
    cell = "import psutil\nprint('prestarted' in psutil.Process().cmdline(), alpha)"
    path = write_notebook(project.root / "short.ipynb", cell, parameters="alpha = 1")
    plan = Plan(name=path.name, folder=project.root, log=project.root / "kernel.log")
    output = project.root / "out.ipynb"
    assert execute_notebook(notebooks.read(path), plan, output=output).failure is None
    assert shown(output) == "True 1\n"
    project.note()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has pidfds")
def test_a_fork_of_the_keeper_has_a_keeper_of_its_own(project: Project) -> None:
    with project.kernel(HOW) as kernel:
        pid = os.fork()
        if pid == 0:
            os._exit(0 if keeper.of_process().pid == os.getpid() else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert kernel.run("1") == "1"


def test_a_program_ends_with_its_spares(project: Project) -> None:
    script = (
        "from jupyter_client import KernelManager\n"
        "for _ in range(2):\n"
        "    manager = KernelManager(kernel_name='prestarted')\n"
        "    manager.start_kernel()\n"
        "    manager.shutdown_kernel(now=True)\n"
        "from labline.kernel.warm import keeper\n"
        "(pool,) = keeper.of_process()._pools.values()\n"
        "print(pool.demand)\n"
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", script],
        cwd=project.root, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr
    assert wait_until(lambda: project.zygotes() == [])
