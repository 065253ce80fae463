"""A project with warm and cold kernelspecs, and kernels of it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_client import KernelManager

from labline.kernel import warm
from labline.kernel.warm import imports, keeper, kept, lease, places


@dataclass
class Kernel:
    """A kernel and its client."""

    manager: KernelManager
    client: Any
    #: text of stdout and of results, stderr, and the last error's name
    stdout: str = ""
    stderr: str = ""
    error: str = ""

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self.manager.provisioner.pid)

    @property
    def zygote(self) -> psutil.Process:
        found = self.process.parent()
        assert found != psutil.Process(), "the kernel has started cold"
        return found

    def run(self, source: str) -> str:
        """Run a cell; return what it wrote to stdout, or its result."""
        self.stdout = self.stderr = self.error = ""
        self.client.execute_interactive(
            source, output_hook=self._hear, timeout=60, stop_on_error=False
        )
        return self.stdout.strip()

    def begin(self, source: str) -> str:
        """Begin a cell that takes long; return its request once it runs.

        If it fails, the next is not aborted: a kernel aborts, for a moment, what comes after.
        """
        source = f"print('begun', flush=True)\n{source}"
        request = str(self.client.execute(source, stop_on_error=False))
        while True:
            heard = self.client.get_iopub_msg(timeout=60)
            is_mine = heard["parent_header"].get("msg_id") == request
            if is_mine and heard["msg_type"] == "stream":
                return request

    def value(self, expression: str) -> Any:
        """Return the value of an expression, by way of JSON."""
        found = self.run(f"import json as _json; print(_json.dumps({expression}))")
        assert not self.error, f"{self.error}\n{self.stderr}"
        return json.loads(found)

    def _hear(self, message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] == "stream":
            if content["name"] == "stdout":
                self.stdout += content["text"]
            else:
                self.stderr += content["text"]
        elif message["msg_type"] == "execute_result":
            self.stdout += content["data"]["text/plain"]
        elif message["msg_type"] == "error":
            self.error = content["ename"]


@dataclass
class Project:
    """A project of one test, with its own kernelspecs ``warm``, ``prestarted`` and ``cold``."""

    root: Path
    specs: Path
    seen: set[psutil.Process] = field(default_factory=set)

    def write_spec(
        self, name: str, *argv: str, module: str = "labline.kernel", **config: Any
    ) -> None:
        """Write a kernelspec; one with `config` (which may be ``idle=600``) is warm."""
        provisioner = {"provisioner_name": "labline-warm", "config": config}
        spec = {
            "argv": [*(argv or (sys.executable,)), "-m", module, "-f", "{connection_file}"],
            "display_name": name,
            "language": "python",
            "metadata": {"kernel_provisioner": provisioner} if config else {},
        }
        folder = self.specs / "kernels" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "kernel.json").write_text(json.dumps(spec))

    @contextlib.contextmanager
    def kernel(self, name: str = "warm", **start: Any) -> Iterator[Kernel]:
        """Start a kernel, and shut it down at the end of the block."""
        # Half of it is what an orderly end may take, with what the kernel has to store.
        manager = KernelManager(kernel_name=name, shutdown_wait_time=60.0)
        manager.start_kernel(**{"cwd": str(self.root), **start})
        self.note()
        client = manager.client()
        # The manager knows whether the kernel lives; a heartbeat's thread could outlive the block.
        client.start_channels(hb=False)
        try:
            client.wait_for_ready(timeout=60)
            yield Kernel(manager, client)
        finally:
            client.stop_channels()
            manager.shutdown_kernel()

    def settle(self, name: str = "warm", **start: Any) -> None:
        """Wait until a new kernel has all that was learned."""

        def is_settled() -> bool:
            known = imports.read(self.root)
            unfit = (*known.unfit, *(f"{name}." for name in known.unfit))
            names = [name for name in known.modules if not name.startswith(unfit)]
            with self.kernel(name, **start) as kernel:
                missing = f"[n for n in {names!r} if n not in __import__('sys').modules]"
                return bool(kernel.value(missing) == [])

        assert wait_until(is_settled, 120)

    def zygotes(self) -> list[psutil.Process]:
        """Return the zygotes of this project, and their forks."""
        return [found for found in psutil.process_iter() if self._is_mine(found)]

    def note(self) -> None:
        """Remember what runs now."""
        self.seen |= set(self.zygotes())

    def _is_mine(self, process: psutil.Process) -> bool:
        try:
            line = process.cmdline()
            return "labline.kernel.warm" in line and str(self.root) in line[-1]
        except psutil.Error:
            return False


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Provide a project; fail if anything of its kernels is left."""
    root = tmp_path / "project"
    root.mkdir()
    (root / "labline.toml").touch()
    monkeypatch.chdir(root)
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    made = Project(root, tmp_path / "jupyter")
    made.write_spec("warm", idle=600.0)
    made.write_spec("prestarted", start="prestarted", spares=1)
    # Not only the third kernel of a test.
    monkeypatch.setattr(keeper, "_ENOUGH_DEMAND", 1)
    # A busy machine must not make it a cold kernel.
    monkeypatch.setattr(keeper, "_WORTH_WAITING", 120.0)
    for module in (kept, lease):
        monkeypatch.setattr(module, "_REPLY_TIMEOUT", 60.0)
    made.write_spec("cold")
    yield made
    made.note()
    warm.stop(root)
    assert_gone(made)


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Provide a folder of installed packages that the kernels see."""
    monkeypatch.setenv("PYTHONUSERBASE", str(tmp_path / "user"))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    folder = tmp_path / "user" / "lib" / version / "site-packages"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


@contextlib.contextmanager
def all_cpus() -> Iterator[None]:
    """Have no other test, of whichever process, hold a kernel to some CPUs within the block."""
    with (places.folder() / "cpus-of-tests").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def assert_gone(project: Project) -> None:
    """Fail if a process of the project runs, or one of its sockets is left."""
    left = wait_until(lambda: not project.zygotes()) or project.zygotes()
    for process in project.zygotes():
        process.kill()
    assert left is True, left
    places.sweep()
    pids = {str(process.pid) for process in project.seen}
    assert [path for path in places.folder().iterdir() if path.name.split("-")[1] in pids] == []


def wait_until(holds: Any, timeout: float = 60.0) -> bool:
    """Wait until a condition holds; tell whether it did."""
    deadline = time.monotonic() + timeout
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def ended(process: psutil.Process, timeout: float = 60.0) -> bool:
    """Tell whether a process is gone, or is as good as."""
    return wait_until(lambda: not is_running(process), timeout)


def is_running(process: psutil.Process) -> bool:
    """Tell whether a process runs and is not a zombie."""
    with contextlib.suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def kill(process: psutil.Process) -> None:
    """End a process as the operating system would when it is short of memory."""
    process.send_signal(signal.SIGKILL)
    assert ended(process)
