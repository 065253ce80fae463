"""Zygotes, spares and kernels that are killed, stopped or fed nonsense."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path

import psutil
import pytest
from tests.warm import Kernel, Project, ended, is_running, kill, packages, project, wait_until

from labline.kernel import warm
from labline.kernel.warm import imports, key, lease, places
from labline.kernel.warm.process import UNKNOWN

__all__ = ["packages", "project"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels start cold")


def _spares(kernel: Kernel) -> list[psutil.Process]:
    return [child for child in kernel.zygote.children() if child != kernel.process]


def _kept(project: Project) -> list[tuple[int, list[int]]]:
    return [(one["spares"], one["kernels"]) for one in warm.zygotes(project.root)]


def test_kernels_outlive_a_killed_zygote_and_the_next_one_has_a_new_one(project: Project) -> None:
    with project.kernel() as kernel:
        kernel.run("kept = 1")
        zygote, spares = kernel.zygote, _spares(kernel)
        kill(zygote)
        assert all(ended(spare) for spare in spares)
        time.sleep(1.5)  # ipykernel's own watch on its parent would have acted by now
        assert kernel.run("kept") == "1"
        with project.kernel() as second:
            assert second.zygote.pid not in (zygote.pid, 1)
            assert second.run("1") == "1"
        process = kernel.manager.provisioner.process
    assert process.wait(30) == 0


@pytest.mark.parametrize(("cell", "code"), [("os._exit(7)", 7), ("os.kill(os.getpid(), 9)", -9)])
def test_the_end_of_an_orphaned_kernel_is_noticed(project: Project, cell: str, code: int) -> None:
    with project.kernel() as kernel:
        process = kernel.manager.provisioner.process
        kill(kernel.zygote)
        assert kernel.manager.is_alive()
        kernel.client.execute(f"import os; {cell}")
        assert wait_until(lambda: not kernel.manager.is_alive())
        # Which code it was, only newer Linux tells who is not the parent.
        assert process.returncode in (code, UNKNOWN)


def test_an_orphaned_kernel_still_dies_with_its_owner_and_takes_signals(project: Project) -> None:
    with project.kernel() as kernel:
        kill(kernel.zygote)
        kernel.begin("import time\ntime.sleep(60)")
        kernel.manager.interrupt_kernel()
        assert kernel.client.get_shell_msg(timeout=30)["content"]["ename"] == "KeyboardInterrupt"
        kernel.manager.restart_kernel()
        kernel.client.wait_for_ready(timeout=60)
        assert kernel.run("1") == "1"


def test_a_killed_kernel_is_noticed_at_once(project: Project) -> None:
    with project.kernel() as kernel:
        assert kernel.manager.is_alive()
        kernel.process.send_signal(signal.SIGKILL)
        assert wait_until(lambda: not kernel.manager.is_alive(), 10)
        assert kernel.manager.provisioner.process.returncode == -signal.SIGKILL
        info = kernel.manager.get_connection_info()
        assert not Path(f"{info['ip']}-1").exists()


def test_a_killed_kernel_is_noticed_though_a_child_of_its_lives_on(project: Project) -> None:
    with project.kernel() as kernel:
        kernel.run("import multiprocessing, os, time\ndef live(): os.setsid(); time.sleep(60)")
        kernel.run("child = multiprocessing.get_context('fork').Process(target=live)")
        child = psutil.Process(int(kernel.run("child.start(); child.pid")))
        process = kernel.manager.provisioner.process
        kernel.process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL
        child.kill()


def test_a_killed_spare_is_replaced_and_never_handed_out(project: Project) -> None:
    with project.kernel() as kernel:
        zygote = kernel.zygote
        for _ in range(2):
            assert wait_until(lambda: len(_spares(kernel)) == 2)
            for spare in _spares(kernel):
                spare.send_signal(signal.SIGKILL)
            with project.kernel() as second:
                assert second.run("1") == "1"
        assert is_running(zygote) or ended(zygote)


@pytest.mark.parametrize("seed", range(6))
def test_kills_at_any_moment_leave_a_working_kernel_or_an_honest_error(
    project: Project, seed: int
) -> None:
    with project.kernel() as kernel:
        zygote = kernel.zygote
    pid = os.fork()
    if pid == 0:
        time.sleep(seed * 0.004)
        os.kill(zygote.pid, signal.SIGKILL)
        os._exit(0)
    try:
        with project.kernel() as kernel:
            assert kernel.run("6 * 7") == "42"
    finally:
        os.waitpid(pid, 0)
    with project.kernel() as kernel:
        assert kernel.run("6 * 7") == "42"


def test_a_stopped_zygote_does_not_stop_kernels(
    project: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with project.kernel() as kernel:
        zygote = kernel.zygote
        # Not before: the first kernel may take its time on a busy machine.
        monkeypatch.setattr(lease, "_REPLY_TIMEOUT", 0.5)
        zygote.suspend()
        try:
            with project.kernel() as second:
                assert second.run("1") == "1"
                assert second.process.ppid() == os.getpid()
        finally:
            zygote.resume()
    assert "does not answer" in caplog.text


def test_a_lessee_that_vanishes_leaves_no_kernel(project: Project) -> None:
    with project.kernel() as kernel:
        zygote, path = kernel.zygote, _socket(project)
        for farewell in ({"cwd": str(project.root), "sockets": "x"}, None):
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as lessee:
                lessee.connect(str(path))
                if farewell:
                    lessee.send(json.dumps(farewell).encode())
        # The zygote answers one after another: those two before this.
        assert wait_until(lambda: _kept(project) == [(2, [kernel.process.pid])])
        assert len(_spares(kernel)) == 2
        with project.kernel() as second:
            assert second.zygote == zygote


@pytest.mark.parametrize("nonsense", [b"x", b"{}", b"[]", b"null", b'{"cwd": 3, "sockets": 4}'])
def test_nonsense_does_not_hurt_a_zygote(project: Project, nonsense: bytes) -> None:
    with project.kernel() as kernel:
        zygote = kernel.zygote
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
            stranger.connect(str(_socket(project)))
            stranger.send(nonsense)
            time.sleep(0.1)
        with project.kernel() as second:
            assert second.zygote == zygote


def test_an_import_that_hangs_is_given_up(
    project: Project, packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (packages / "hanging.py").write_text("import time; time.sleep(600)")
    imports.write(project.root, imports.Learned(["wave", "hanging"]))
    start = lease._start

    def impatient(wanted: key.Key, options: dict[str, float]) -> None:
        start(wanted, {**options, "patience": 5.0})

    monkeypatch.setattr(lease, "_start", impatient)
    with project.kernel() as kernel:
        zygote = kernel.zygote
    assert ended(zygote)
    assert list(imports.read(project.root).unfit) == ["hanging"]
    with project.kernel() as kernel:
        assert kernel.value("'wave' in __import__('sys').modules")


def test_spares_that_do_not_live_end_the_zygote_and_kernels_start_cold(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    profile = Path(os.environ["IPYTHONDIR"]) / "profile_default"
    profile.mkdir(parents=True)
    source = "import os, sys\nif 'labline.kernel.warm.zygote' in sys.modules: os._exit(5)\n"
    (profile / "ipython_kernel_config.py").write_text(source)
    with project.kernel() as kernel:
        assert kernel.process.ppid() == os.getpid()
        assert kernel.run("1") == "1"
    assert "did not become a kernel" in caplog.text
    assert wait_until(lambda: not project.zygotes())


def test_a_damaged_file_of_imports_is_as_good_as_none(project: Project) -> None:
    path = imports.place(project.root)
    path.parent.mkdir(parents=True)
    for text in ("", "{", "[]", '{"modules": 3}', '{"modules": ["wave"], "unfit": []}'):
        path.write_text(text)
        assert imports.read(project.root).wanted("") == []
    with project.kernel() as kernel:
        assert kernel.run("import wave; 1") == "1"
    assert "wave" in imports.read(project.root).modules


def _socket(project: Project) -> Path:
    command = [sys.executable, "-m", "labline.kernel", "-f", "x"]
    environment = {**os.environ, "JPY_PARENT_PID": "1"}
    return places.folder() / f"z-{key.of_kernel(command, environment, project.root).digest}.sock"
