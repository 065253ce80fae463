"""Prestarted kernels and their keepers that are killed, stopped or held by others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from tests.warm import Project, ended, kill, packages, project, wait_until

from labline.kernel.warm import imports, keeper, kept, places

__all__ = ["packages", "project"]

OWNER = """
    import os, sys, time
    from jupyter_client import KernelManager
    from labline.kernel.warm import keeper
    keeper._ENOUGH_DEMAND = 1
    manager = KernelManager(kernel_name="prestarted")
    manager.start_kernel()
    print(manager.provisioner.pid, flush=True)
    {then}
    sys.stdin.read()
"""
FORK = "if not os.fork(): time.sleep(20); os._exit(0)"


@contextmanager
def _owner(project: Project, then: str = "") -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start a process that has one prestarted kernel; provide it and the kernel's process."""
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(OWNER).format(then=then)],
        cwd=project.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert owner.stdin
    assert owner.stdout
    try:
        yield owner, int(owner.stdout.readline())
    finally:
        forks = psutil.Process(owner.pid).children() if owner.poll() is None else []
        owner.kill()
        owner.wait()
        for stream in (owner.stdin, owner.stdout):
            stream.close()
        psutil.wait_procs(forks, timeout=30)


@pytest.mark.parametrize("then", ["", FORK])
def test_kernel_and_spares_end_with_a_killed_owner(project: Project, then: str) -> None:
    with _owner(project, then) as (owner, pid):
        assert wait_until(lambda: len(project.zygotes()) == 2)
        found = project.zygotes()
        assert pid in {one.pid for one in found}
        project.note()
        forks = [one for one in psutil.Process(owner.pid).children() if one not in found]
        assert bool(forks) == bool(then)
        owner.kill()
        owner.wait()
        # A fork of the owner has the connection too; it is not the owner.
        assert all(ended(one) for one in found)
        for fork in forks:
            fork.kill()
    assert not list(places.folder().glob(f"?-{pid}-*"))


def test_a_spare_that_still_imports_ends_with_a_killed_owner(
    project: Project, packages: Path
) -> None:
    (packages / "hanging.py").write_text("import time; time.sleep(600)")
    imports.write(project.root, imports.Learned(["hanging"]))
    script = textwrap.dedent(OWNER).format(then="")
    owner = subprocess.Popen([sys.executable, "-c", script], cwd=project.root)
    assert wait_until(lambda: len(project.zygotes()) == 1)
    time.sleep(1.5)
    (spare,) = project.zygotes()
    owner.kill()
    owner.wait()
    assert ended(spare)


def test_a_killed_spare_is_replaced_and_never_given_away(project: Project) -> None:
    with project.kernel("prestarted"):
        (pool,) = keeper.of_process()._pools.values()
        for _ in range(2):
            assert wait_until(lambda: len(pool.ready) == 1)
            spare = psutil.Process(pool.ready[0].process.pid)
            os.kill(spare.pid, signal.SIGKILL)
            with project.kernel("prestarted") as second:
                assert second.run("1") == "1"
                assert second.process != spare


def test_a_stopped_spare_stops_nobody(
    project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with project.kernel("prestarted"):
        (pool,) = keeper.of_process()._pools.values()
        assert wait_until(lambda: len(pool.ready) == 1)
        monkeypatch.setattr(kept, "_REPLY_TIMEOUT", 0.5)
        spare = psutil.Process(pool.ready[0].process.pid)
        spare.suspend()
        with project.kernel("prestarted") as second:
            assert second.run("1") == "1"
        assert ended(spare)
    assert "does not answer" in caplog.text


def test_a_killed_kernel_is_noticed_at_once(project: Project) -> None:
    with project.kernel("prestarted") as kernel:
        assert kernel.manager.is_alive()
        kill(kernel.process)
        assert wait_until(lambda: not kernel.manager.is_alive(), 10)
        assert kernel.manager.provisioner.process.returncode == -signal.SIGKILL


def test_spares_that_do_not_live_are_given_up_and_kernels_start_cold(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    profile = Path(os.environ["IPYTHONDIR"]) / "profile_default"
    profile.mkdir(parents=True)
    source = "import os, sys\nif 'labline.kernel.warm.prestarted' in sys.modules: os._exit(5)\n"
    (profile / "ipython_kernel_config.py").write_text(source)
    for _ in range(2):
        with project.kernel("prestarted") as kernel:
            assert kernel.run("1") == "1"
    assert "do not live: exit code 5" in caplog.text
    assert project.zygotes() == []
