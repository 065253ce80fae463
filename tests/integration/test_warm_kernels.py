"""Warm kernels through Jupyter's own managers and clients."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.warm import Project, all_cpus, ended, project, wait_until

from labline.errors import BadInput
from labline.kernel.warm import imports, places

__all__ = ["project"]

#: kernelspecs of what is kept ready, by how
BOTH = ["warm", "prestarted"]


@pytest.fixture(autouse=True)
def _is_no_cold_kernel(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    caplog.set_level(logging.INFO, logger="traitlets")
    yield
    spec = request.node.callspec.params.get("spec") if hasattr(request.node, "callspec") else ""
    if spec in BOTH:
        assert "Starting a cold kernel" not in caplog.text


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels start cold")


def test_a_kernel_is_a_fork_of_the_zygote_and_the_next_one_of_the_same(project: Project) -> None:
    with project.kernel() as first, project.kernel() as second:
        assert "labline.kernel.warm" in first.zygote.cmdline()
        assert first.zygote == second.zygote
        assert first.process != second.process
        assert first.run("6 * 7") == "42"


def test_a_spare_is_ready_before_it_is_asked_for(project: Project) -> None:
    with project.kernel() as kernel:
        zygote = kernel.zygote
        assert wait_until(lambda: len(zygote.children()) == 3)
        spares = set(zygote.children()) - {kernel.process}
    with project.kernel() as kernel:
        assert kernel.process in spares


@pytest.mark.parametrize("spec", BOTH)
def test_a_running_cell_is_interrupted(project: Project, spec: str) -> None:
    with project.kernel(spec) as kernel:
        request = kernel.begin("import time\ntime.sleep(60)")
        kernel.manager.interrupt_kernel()
        reply = kernel.client.get_shell_msg(timeout=30)
        assert reply["parent_header"]["msg_id"] == request
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert kernel.run("1 + 1") == "2"


@pytest.mark.parametrize("spec", BOTH)
def test_an_interrupt_reaches_the_processes_a_cell_started(project: Project, spec: str) -> None:
    with project.kernel(spec) as kernel:
        kernel.run("import subprocess; child = subprocess.Popen(['sleep', '60'])")
        kernel.manager.interrupt_kernel()
        assert kernel.value("child.wait()") == -signal.SIGINT


@pytest.mark.parametrize("spec", BOTH)
def test_a_restart_gives_a_new_process_to_the_same_client(project: Project, spec: str) -> None:
    with project.kernel(spec) as kernel:
        kernel.run("kept = 1")
        before = kernel.process
        kernel.manager.restart_kernel()
        kernel.client.wait_for_ready(timeout=60)
        assert kernel.process != before
        assert ended(before)
        assert kernel.run("'kept' in dir()") == "False"
        assert "labline.kernel.warm" in kernel.process.cmdline()


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("import os; os._exit(7)", 7),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -9),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", -15),
    ],
)
@pytest.mark.parametrize("spec", [*BOTH, "cold"])
def test_the_exit_code_is_the_kernels(project: Project, spec: str, cell: str, code: int) -> None:
    with project.kernel(spec) as kernel:
        process = kernel.manager.provisioner.process
        kernel.client.execute(cell)
        assert wait_until(lambda: not kernel.manager.is_alive())
        assert process.wait(timeout=30) == code
        assert process.poll() == code


@pytest.mark.parametrize("spec", BOTH)
def test_an_orderly_end_has_exit_code_zero_and_leaves_no_socket(
    project: Project, spec: str
) -> None:
    with project.kernel(spec) as kernel:
        process, info = kernel.manager.provisioner.process, kernel.manager.get_connection_info()
        assert Path(f"{info['ip']}-{info['shell_port']}").is_socket()
    assert process.wait(timeout=30) == 0
    assert list(Path(info["ip"]).parent.glob(f"{Path(info['ip']).name}-*")) == []


@pytest.mark.parametrize("method", ["terminate", "kill"])
def test_the_provisioner_ends_a_kernel(project: Project, method: str) -> None:
    with project.kernel() as kernel:
        process = kernel.process
        kernel.client.execute("import time\ntime.sleep(60)")
        asyncio.run(getattr(kernel.manager.provisioner, method)())
        assert ended(process)
        expected = -signal.SIGTERM if method == "terminate" else -signal.SIGKILL
        assert asyncio.run(kernel.manager.provisioner.wait()) == expected


def test_a_kernel_dies_with_its_owner(project: Project) -> None:
    script = f"""
        import os, sys
        from jupyter_client import KernelManager
        manager = KernelManager(kernel_name="warm")
        manager.start_kernel(cwd={str(project.root)!r})
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=60)
        print(manager.provisioner.pid, flush=True)
        sys.stdin.read()
    """
    owner = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert owner.stdin
    assert owner.stdout
    kernel = psutil.Process(int(owner.stdout.readline()))
    assert kernel.ppid() != owner.pid
    owner.kill()
    owner.wait()
    assert ended(kernel)
    for stream in (owner.stdin, owner.stdout):
        stream.close()


@pytest.mark.parametrize("spec", BOTH)
def test_environment_folder_and_arguments_are_the_jobs_own(project: Project, spec: str) -> None:
    for name in ("one", "two"):
        folder = project.root / name
        folder.mkdir()
        (folder / "local.py").write_text(f"WHO = {name!r}")
        before = os.umask(0o027 if name == "one" else 0o077)
        with project.kernel(
            spec, cwd=str(folder), env={**os.environ, "WHO": name, name: "1"}
        ) as kernel:
            os.umask(before)
            assert kernel.value("__import__('os').environ['WHO']") == name
            assert kernel.value("[n in __import__('os').environ for n in ('one', 'two')]") == [
                name == "one",
                name == "two",
            ]
            assert kernel.run("%pwd") == repr(str(folder))
            assert kernel.run("_dh") == f"[{Path(folder)!r}]"
            assert kernel.value("__import__('local').WHO") == name
            expected = ["__main__.py", "-f", kernel.manager.connection_file]
            arguments = kernel.value("__import__('sys').argv")
            assert [Path(arguments[0]).name, *arguments[1:]] == expected
            assert kernel.value("__import__('os').umask(0)") == (0o027 if name == "one" else 0o077)
            first = kernel.process.environ().keys()
            assert not {"WHO", "one", "two"} & first


@pytest.mark.parametrize("spec", BOTH)
def test_the_path_is_that_of_a_cold_kernel(project: Project, spec: str) -> None:
    (project.root / "lib").mkdir()
    env = {**os.environ, "PYTHONPATH": f"lib{os.pathsep}/nowhere"}
    paths = []
    for name in ("cold", spec):
        with project.kernel(name, env=env) as kernel:
            paths.append(kernel.value("__import__('sys').path"))
            assert kernel.value("__import__('os').environ['PYTHONPATH']") == env["PYTHONPATH"]
    cold, warm = paths
    # A zygote cannot have a relative path of the job's: it is the same folder by its full name.
    assert [str(project.root / p) if p == "lib" else p for p in cold] == warm


def test_another_setting_that_imports_read_means_another_zygote(project: Project) -> None:
    with (
        project.kernel(env={**os.environ, "OMP_NUM_THREADS": "1"}) as one,
        project.kernel(env={**os.environ, "OMP_NUM_THREADS": "2"}) as two,
        project.kernel(env={**os.environ, "OMP_NUM_THREADS": "2", "OTHER": "x"}) as three,
    ):
        assert one.zygote != two.zygote
        assert two.zygote == three.zygote


RANDOM = """
import json, random, uuid, multiprocessing
import numpy as np
print(json.dumps([
    random.random(), np.random.rand(), np.random.default_rng().random(), str(uuid.uuid4()),
    str(uuid.uuid1()), multiprocessing.current_process().authkey.hex(),
    np.random.RandomState().rand(),
]))
"""


@pytest.mark.parametrize("spec", BOTH)
def test_no_two_kernels_share_randomness(project: Project, spec: str) -> None:
    imports.learn(["numpy.random", "uuid", "numpy"], project.root)
    project.settle(spec)
    drawn = []
    for _ in range(3):
        with project.kernel(spec) as kernel:
            assert kernel.value("'numpy.random' in __import__('sys').modules")
            drawn.append(json.loads(kernel.run(RANDOM)))
    for values in zip(*drawn, strict=True):
        assert len(set(values)) == 3


@pytest.mark.parametrize("spec", BOTH)
def test_a_seed_draws_what_it_draws_in_a_cold_kernel(project: Project, spec: str) -> None:
    imports.learn(["numpy.random"], project.root)
    cell = "import numpy as np; np.random.seed(7); print(np.random.rand(3))"
    with project.kernel("cold") as cold, project.kernel(spec) as warm:
        assert cold.run(cell) == warm.run(cell)


def test_no_descriptor_and_no_thread_is_shared_with_the_zygote(project: Project) -> None:
    with project.kernel() as one, project.kernel() as two:
        assert len(one.zygote.threads()) == 1
        descriptors = [_open_by(process) for process in (one.process, two.process, one.zygote)]
        for left, right in ((0, 1), (0, 2), (1, 2)):
            assert descriptors[left] & descriptors[right] == set()
        assert one.zygote.net_connections() == []


def _open_by(process: psutil.Process) -> set[str]:
    found = set()
    for path in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            target = str(path.readlink())
        except FileNotFoundError:
            continue  # it was closed just now
        # A kernel opens IPython's history itself; devices have nothing to share.
        if not target.startswith(("/dev/", "anon_inode:")) and "history.sqlite" not in target:
            found.add(target)
    mine = {str(Path(f"/proc/self/fd/{number}").readlink()) for number in (1, 2)}
    return found - mine


@pytest.mark.parametrize("spec", [*BOTH, "chilled"])
def test_memory_is_limited(project: Project, spec: str) -> None:
    project.write_spec("chilled", sys.executable, "-B", idle=600.0)
    env = {**os.environ, "LABLINE_MEMORY_LIMIT": str(1_500 * 2**20)}
    with project.kernel(spec, env=env) as kernel:
        kernel.run("held = bytearray(2_000 * 2**20)")
        assert kernel.error == "MemoryError"
        assert kernel.run("len(bytearray(100 * 2**20))") == str(100 * 2**20)


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is one CPU")
@pytest.mark.parametrize("spec", [*BOTH, "chilled"])
def test_cpus_are_limited_and_not_the_same_ones_twice(project: Project, spec: str) -> None:
    project.write_spec("chilled", sys.executable, "-B", idle=600.0)
    env = {**os.environ, "LABLINE_CPU_LIMIT": "1"}
    with (
        all_cpus(),
        project.kernel(spec, env=env) as one,
        project.kernel(spec, env=env) as two,
    ):
        cpus = [
            kernel.value("sorted(__import__('os').sched_getaffinity(0))") for kernel in (one, two)
        ]
        assert [len(found) for found in cpus] == [1, 1]
        assert cpus[0] != cpus[1]
        assert one.value("__import__('os').environ['OMP_NUM_THREADS']") == "1"
        pools = "__import__('threadpoolctl').threadpool_info()"
        one.run("import numpy")
        assert {pool["num_threads"] for pool in one.value(pools)} == {1}


def test_a_limit_that_is_no_number_is_refused(project: Project) -> None:
    with (
        pytest.raises(BadInput, match="LABLINE_MEMORY_LIMIT is '4GiB'"),
        project.kernel(env={**os.environ, "LABLINE_MEMORY_LIMIT": "4GiB"}),
    ):
        pass


@pytest.mark.parametrize("spec", BOTH)
def test_sockets_are_private_and_ipykernel_does_not_warn(
    project: Project, spec: str, tmp_path: Path
) -> None:
    with (tmp_path / "err").open("w") as err, project.kernel(spec, stderr=err) as kernel:
        info = kernel.manager.get_connection_info()
        assert info["transport"] == "ipc"
        for port in ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port"):
            assert stat.S_IMODE(Path(f"{info['ip']}-{info[port]}").stat().st_mode) == 0o600
        for path in places.folder().glob("z-*"):
            # Those of other tests, which run beside this one, may go meanwhile.
            with contextlib.suppress(FileNotFoundError):
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(places.folder().stat().st_mode) == 0o700
    assert "encryption" not in (tmp_path / "err").read_text()


@pytest.mark.parametrize("spec", [*BOTH, "cold"])
def test_what_goes_to_the_descriptors_reaches_cell_and_owner(
    project: Project, tmp_path: Path, spec: str
) -> None:
    # Under pytest ipykernel leaves the descriptors alone.
    env = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    with (tmp_path / "out").open("w") as out, project.kernel(spec, stdout=out, env=env) as kernel:
        kernel.run("import os, time; os.system('echo from a child'); time.sleep(1)")
        assert "from a child" in kernel.stdout
        kernel.run("import sys; _ = sys.__stdout__.write('low'); sys.__stdout__.flush()")
        kernel.run("import time; time.sleep(1)")
    assert (tmp_path / "out").read_text() == "from a child\nlow"


@pytest.mark.parametrize("spec", BOTH)
def test_the_notebooks_name_arrives(project: Project, spec: str) -> None:
    with project.kernel(spec, env={**os.environ, "JPY_SESSION_NAME": "a.ipynb"}) as kernel:
        assert kernel.run("__session__") == "'a.ipynb'"


@pytest.mark.parametrize("spec", BOTH)
def test_startup_files_and_the_extension_run_in_the_job(project: Project, spec: str) -> None:
    startup = Path(os.environ["IPYTHONDIR"]) / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "a.py").write_text("import os; STARTED = os.getcwd(), os.environ.get('WHO')")
    with project.kernel(spec, env={**os.environ, "WHO": "me"}) as kernel:
        assert kernel.value("STARTED") == [str(project.root), "me"]
        assert kernel.value("'record' in get_ipython().magics_manager.magics['cell']")


@pytest.mark.parametrize("spec", BOTH)
def test_the_debugger_answers(project: Project, spec: str) -> None:
    with project.kernel(spec) as kernel:
        session = kernel.client.session
        for command in ("debugInfo", "initialize"):
            arguments = {"clientID": "t", "adapterID": "", "pathFormat": "path"}
            content = {"seq": 1, "type": "request", "command": command, "arguments": arguments}
            request = session.msg("debug_request", content)
            kernel.client.control_channel.send(request)
            reply = kernel.client.get_control_msg(timeout=60)
            assert reply["content"]["success"], reply["content"]


def test_the_debugger_steps_over_what_a_kernel_has_from_its_zygote(project: Project) -> None:
    with project.kernel() as kernel:
        names = "[path.rpartition('/')[2] for path in get_ipython().kernel.debugger.kernel_modules]"
        assert {"kernelapp.py", "zmqshell.py"} <= set(kernel.value(names))
        assert kernel.value("__import__('ipykernel.ipkernel').ipkernel.sys is __import__('sys')")


def test_a_process_that_a_cell_left_ends_with_its_kernel(project: Project) -> None:
    with project.kernel() as kernel:
        left = kernel.value("(p := __import__('subprocess').Popen(['sleep', '600'])).pid")
        process = psutil.Process(left)
    process.wait(30)
