"""The life of zygotes: what they learn, when they are replaced, when a kernel starts cold."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import socket
import sys
import time
from pathlib import Path

import pytest
from tests.warm import Project, ended, packages, project, wait_until

from labline.kernel import warm
from labline.kernel.warm import imports, key, places

__all__ = ["packages", "project"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels start cold")
LOADED = "sorted(set(__import__('sys').modules) & {'wave', 'local', 'pydoc_data.topics'})"


def test_what_a_notebook_imports_the_next_kernel_has(project: Project) -> None:
    (project.root / "local.py").touch()
    with project.kernel() as kernel:
        assert kernel.value(LOADED) == []
        kernel.run("import wave, local, pydoc_data.topics")
        zygote = kernel.zygote
    known = imports.read(project.root)
    assert {"wave", "pydoc_data.topics"} <= set(known.modules)
    assert "local" not in known.modules
    assert ended(zygote)
    with project.kernel() as kernel:
        assert kernel.value(LOADED) == ["pydoc_data.topics", "wave"]


def test_the_imports_that_another_brings_along_are_struck_out(project: Project) -> None:
    with project.kernel() as kernel:
        kernel.run("import wsgiref.simple_server")
        zygote = kernel.zygote
    assert {"wsgiref.handlers", "wsgiref.simple_server"} <= set(imports.read(project.root).modules)
    assert ended(zygote)
    known = imports.read(project.root).modules
    assert "wsgiref.simple_server" in known
    assert "wsgiref.handlers" not in known


def test_kernels_are_served_while_imports_go_on(project: Project, packages: Path) -> None:
    goes_on = project.root / "goes-on"
    (packages / "slow.py").write_text(
        f"import os, time\nwhile not os.path.exists({str(goes_on)!r}): time.sleep(0.05)"
    )
    imports.write(project.root, imports.Learned(["slow"]))
    time.sleep(1)
    with project.kernel() as kernel:
        zygote = kernel.zygote
        with project.kernel() as second:
            assert second.run("1") == "1"
            assert second.zygote == zygote
            assert not second.value("'slow' in __import__('sys').modules")
        goes_on.touch()
    assert ended(zygote)
    with project.kernel() as kernel:
        assert kernel.value("'slow' in __import__('sys').modules")


UNFIT = {
    "failing": "raise RuntimeError('no')",
    "quitting": "raise SystemExit(3)",
    "dying": "import os; os._exit(1)",
    "talking": "print('hello')",
    "warning": "import warnings; warnings.warn('hello')",
    "threaded": "import threading as t; t.Thread(target=t.Event().wait, daemon=True).start()",
    "opening": "import os; kept = open(os.devnull)",
    "connecting": "import socket; kept = socket.socket()",
    "handling": "import signal; signal.signal(signal.SIGTERM, lambda *_: None)",
    "moving": "import os; os.chdir('/')",
    "extending": "import sys; sys.path.append('/nowhere')",
    "asking": "import IPython; shell = IPython.get_ipython()",
    "sharing": "import multiprocessing; kept = multiprocessing.Lock()",
    "reaching": "import importlib.util as u, os; spec = u.spec_from_file_location('mine',"
    " 'lib/mine.py'); mine = u.module_from_spec(spec); import sys; sys.modules['mine'] = mine",
}


@pytest.mark.parametrize("name", UNFIT)
def test_an_import_that_no_fork_must_inherit_is_left_to_the_kernels(
    project: Project, packages: Path, name: str
) -> None:
    (project.root / "lib").mkdir()
    (project.root / "lib" / "mine.py").touch()
    (packages / "fine.py").touch()
    (packages / f"{name}.py").write_text(UNFIT[name])
    imports.write(project.root, imports.Learned(["fine", name]))
    with project.kernel() as kernel:
        zygote = kernel.zygote
    assert ended(zygote)
    with project.kernel() as kernel:
        loaded = f"[n in __import__('sys').modules for n in ('fine', {name!r})]"
        assert kernel.value(loaded) == [True, False]
    assert list(imports.read(project.root).unfit) == [name]


def test_a_stream_that_a_module_keeps_is_the_kernels(project: Project, packages: Path) -> None:
    source = "import logging, sys; kept = sys.stdout; logging.basicConfig(stream=sys.stderr)"
    (packages / "keeping.py").write_text(source)
    imports.write(project.root, imports.Learned(["keeping"]))
    project.settle()
    with project.kernel() as kernel:
        kernel.run("import keeping, logging; print('hello', file=keeping.kept)")
        assert kernel.stdout == "hello\n"
        kernel.run("logging.warning('careful')")
        assert kernel.stderr == "WARNING:root:careful\n"


def test_a_package_is_given_up_after_a_few_unfit_modules(project: Project, packages: Path) -> None:
    (packages / "bad").mkdir()
    (packages / "bad" / "__init__.py").touch()
    names = [f"part{number}" for number in range(6)]
    for name in names:
        (packages / "bad" / f"{name}.py").write_text("print('hello')")
    imports.write(project.root, imports.Learned(["bad", *(f"bad.{name}" for name in names)]))
    project.settle()
    assert list(imports.read(project.root).unfit) == ["bad.part5", "bad.part4", "bad"]


def test_a_late_zygote_blames_the_import_that_did_harm(
    project: Project, packages: Path, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"
    (packages / "slow.py").write_text(f"import time; open({str(begun)!r}, 'x'); time.sleep(0.5)")
    (packages / "fine.py").touch()
    (packages / "talking.py").write_text(UNFIT["talking"])
    imports.write(project.root, imports.Learned(["talking", "fine", "slow"]))
    with project.kernel() as kernel:
        zygote = kernel.zygote
        assert wait_until(begun.exists)
        zygote.suspend()
        time.sleep(1)
        zygote.resume()
        assert wait_until(lambda: imports.read(project.root).unfit)
    assert list(imports.read(project.root).unfit) == ["talking"]


def test_a_module_that_is_no_more_is_forgotten(project: Project) -> None:
    imports.write(project.root, imports.Learned(["no_such_module", "wave"]))
    with project.kernel() as kernel:
        zygote = kernel.zygote
    assert ended(zygote)
    known = imports.read(project.root).modules
    assert "wave" in known
    assert "no_such_module" not in known
    assert imports.read(project.root).unfit == {}


def test_a_zygote_whose_packages_changed_is_replaced(project: Project, packages: Path) -> None:
    with project.kernel() as running:
        (packages / "thing.py").touch()
        with project.kernel() as kernel:
            assert kernel.zygote == running.zygote
        (packages / "thing-1.0.dist-info").mkdir()
        with project.kernel() as kernel:
            second = kernel.zygote
            assert second != running.zygote
            assert running.run("'still ' 'there'") == "'still there'"
        shutil.rmtree(packages / "thing-1.0.dist-info")
        (packages / "thing-1.1.dist-info").mkdir()
        with project.kernel() as kernel:
            assert kernel.zygote not in (running.zygote, second)
        assert ended(second)
        process = running.manager.provisioner.process
    assert process.wait(30) == 0


def test_another_version_of_labline_means_another_zygote(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-m", "labline.kernel", "-f", "x.json"]
    now = key.of_kernel(command, dict(os.environ), project.root)
    assert key.of_kernel(command, dict(os.environ), project.root).digest == now.digest
    monkeypatch.setattr(key.Key, "version", "9.9")
    assert key.Key(**{**vars(now), "version": "9.9"}).digest != now.digest


def test_a_zygote_that_nobody_uses_ends(project: Project) -> None:
    project.write_spec("brief", idle=0.5)
    with project.kernel("brief") as kernel:
        zygote = kernel.zygote
        time.sleep(2.0)
        assert zygote.is_running()
        assert kernel.run("1") == "1"
    assert ended(zygote)
    assert not list(places.folder().glob(f"s-{zygote.pid}-*"))


def test_a_zygote_ends_with_its_project(project: Project) -> None:
    with project.kernel() as kernel:
        zygote = kernel.zygote
    shutil.rmtree(project.root)
    assert ended(zygote)


def test_projects_do_not_share_a_zygote(project: Project) -> None:
    other = project.root / "other"
    other.mkdir()
    (other / "labline.toml").touch()
    inner = project.root / "notebooks"
    inner.mkdir()
    with (
        project.kernel() as one,
        project.kernel(cwd=str(other)) as two,
        project.kernel(cwd=str(inner)) as three,
        project.kernel(
            cwd=str(other), env={**os.environ, "LABLINE_ROOT": str(project.root)}
        ) as four,
    ):
        assert one.zygote != two.zygote
        assert one.zygote == three.zygote == four.zygote
        lease_of_other = two.zygote
    shutil.rmtree(other)
    assert ended(lease_of_other)


# -- cold kernels ------------------------------------------------------------------------------


def _starts_cold(
    project: Project, caplog: pytest.LogCaptureFixture, spec: str, **start: object
) -> str:
    caplog.set_level(logging.INFO, logger="traitlets")
    with project.kernel(spec, **start) as kernel:
        assert kernel.run("6 * 7") == "42"
        assert kernel.process.ppid() == os.getpid()
        assert kernel.manager.get_connection_info()["transport"] == "ipc"
    lines = [record.getMessage() for record in caplog.records if "cold" in record.getMessage()]
    assert len(lines) == 1
    return lines[0]


def test_another_command_starts_cold(project: Project, caplog: pytest.LogCaptureFixture) -> None:
    project.write_spec("flags", sys.executable, "-X", "utf8", idle=600.0)
    assert "is not a plain Python kernel" in _starts_cold(project, caplog, "flags")
    assert project.zygotes() == []


def test_an_interpreter_without_labline_starts_cold(
    project: Project, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    python = tmp_path / "python"
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *kernel.warm*) echo no labline here >&2; exit 1;; esac\n'
        f'exec {sys.executable} "$@"\n'
    )
    python.chmod(0o755)
    project.write_spec("foreign", str(python), idle=600.0)
    line = _starts_cold(project, caplog, "foreign")
    assert line == "Starting a cold kernel: the zygote does not start: no labline here."


def test_a_file_that_hides_a_package_starts_cold(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    (project.root / "tornado.py").write_text("HIDDEN = True")
    line = _starts_cold(project, caplog, "warm")
    assert "'tornado'" in line


def test_forks_where_the_system_cannot_start_cold(
    project: Project, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labline.kernel.warm.provisioner.CAN_FORK", False)
    project.write_spec("forked", start="forked")
    assert "cannot fork" in _starts_cold(project, caplog, "forked")


def test_an_environment_too_large_for_a_message_starts_cold(
    project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    large = {f"LARGE_{number}": "x" * 100_000 for number in range(6)}
    line = _starts_cold(project, caplog, "warm", env={**os.environ, **large})
    assert "did not become a kernel" in line


def test_ipykernels_own_launcher_is_served_too(project: Project) -> None:
    project.write_spec("plain", module="ipykernel_launcher", idle=600.0)
    with project.kernel("plain") as kernel:
        assert "labline.kernel.warm" in kernel.zygote.cmdline()
        assert kernel.value("'record' in get_ipython().magics_manager.magics['cell']") is False
        assert kernel.value("__import__('sys').argv[0].endswith('ipykernel_launcher.py')")


# -- the end of a kernel -----------------------------------------------------------------------

LOOSE_ENDS = """
import atexit, os, threading, time
from local import later
in_namespace = open('namespace', 'w'); in_namespace.write('written')
def leave(name, text='written'):
    with open(name, 'w') as file: file.write(text)
class Loose:
    def __init__(self): self.me = self
    def __del__(self): leave('cycle')
Loose()
atexit.register(leave, 'atexit')
def work():
    time.sleep(0.5)
    leave('thread')
threading.Thread(target=work).start()
def fail():
    in_frame = open('frame', 'w'); in_frame.write('written')
    raise ValueError
fail()
"""


def test_loose_ends_are_tied_as_in_a_cold_kernel(project: Project) -> None:
    source = "later = open('module', 'w')\nlater.write('written')\n"
    found = []
    for spec in ("cold", "warm"):
        folder = project.root / spec
        folder.mkdir()
        (folder / "local.py").write_text(source)
        with project.kernel(spec, cwd=str(folder)) as kernel:
            kernel.run(LOOSE_ENDS)
            assert kernel.error == "ValueError"
        names = ("namespace", "module", "cycle", "atexit", "thread", "frame")
        found.append({name: (folder / name).read_text() for name in names})
    cold, warm = found
    assert warm == cold
    # IPython keeps the frames of a failed cell to the very end, and what they have open.
    assert [name for name, text in cold.items() if not text] == ["frame"]


def test_a_late_zygote_leaves_the_sockets_to_the_next_kernel_of_their_name(
    project: Project,
) -> None:
    with project.kernel() as kernel:
        zygote, prefix = kernel.zygote, kernel.manager.get_connection_info()["ip"]
        zygote.suspend()
    # The kernel itself has told of its end.
    with contextlib.ExitStack() as stack:
        paths = [Path(f"{prefix}-{channel}") for channel in range(1, places.CHANNELS + 1)]
        stack.callback(places.unlink_sockets, prefix)
        for path in paths:
            path.unlink(missing_ok=True)
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(str(path))
            listener.listen()
        zygote.resume()
        assert wait_until(lambda: [z["kernels"] for z in warm.zygotes(project.root)] == [[]])
        assert all(path.is_socket() for path in paths)
