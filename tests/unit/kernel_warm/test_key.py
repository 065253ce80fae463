from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

import pytest

from labline.kernel.warm import key
from labline.kernel.warm.wire import CannotServe

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels start cold")
COMMAND = ["/usr/bin/python", "-m", "labline.kernel", "-f", "/a/kernel-1.json"]


def _digest(cwd: Path, *command: str, **environment: str) -> str:
    return key.of_kernel(command or COMMAND, environment, cwd).digest


@pytest.mark.parametrize(
    "command",
    [
        ["python", "-m", "labline.kernel", "-f", "x", "--debug"],
        ["python", "-X", "dev", "-m", "labline.kernel", "-f", "x"],
        ["python", "-m", "somebody.kernel", "-f", "x"],
        ["python", "-c", "labline.kernel", "-f", "x"],
        ["R", "--slave", "-e", "IRkernel::main()", "--args"],
        [],
    ],
)
def test_a_command_that_is_more_than_a_kernel_is_not_served(
    command: list[str], tmp_path: Path
) -> None:
    with pytest.raises(CannotServe):
        key.of_kernel(command, {}, tmp_path)


def test_what_an_import_may_read_is_in_the_key_and_nothing_else(tmp_path: Path) -> None:
    plain = _digest(tmp_path)
    for name in ("OMP_NUM_THREADS", "PYTHONHASHSEED", "HOME", "MPLBACKEND", "LC_ALL", "PATH"):
        assert _digest(tmp_path, **{name: "/x"}) != plain
    for name in ("API_TOKEN", "LABLINE_RUN_ID", "JPY_SESSION_NAME", "TERM", "PWD"):
        assert _digest(tmp_path, **{name: "/x"}) == plain
    assert key.of_kernel(COMMAND, {"API_TOKEN": "x", "TZ": "UTC"}, tmp_path).environment == {
        "TZ": "UTC"
    }


def test_the_connection_file_is_not_in_the_key_but_interpreter_and_module_are(
    tmp_path: Path,
) -> None:
    plain = _digest(tmp_path)
    assert _digest(tmp_path, *COMMAND[:-1], "/another.json") == plain
    assert _digest(tmp_path, "/opt/python", *COMMAND[1:]) != plain
    assert _digest(tmp_path, *COMMAND[:2], "ipykernel_launcher", *COMMAND[3:]) != plain


def test_folders_of_one_project_share_a_key(tmp_path: Path) -> None:
    for name in ("a", "b", "b/c"):
        (tmp_path / name).mkdir()
    assert _digest(tmp_path / "a") != _digest(tmp_path / "b")
    (tmp_path / "labline.toml").touch()
    assert _digest(tmp_path / "a") == _digest(tmp_path / "b") == _digest(tmp_path / "b" / "c")
    assert key.of_kernel(COMMAND, {"LABLINE_ROOT": "/r"}, tmp_path).root == "/r"


def test_a_relative_python_path_is_that_of_the_kernels_folder(tmp_path: Path) -> None:
    found = key.of_kernel(COMMAND, {"PYTHONPATH": f"src{os.pathsep}/abs"}, tmp_path)
    assert found.environment["PYTHONPATH"] == f"{tmp_path / 'src'}{os.pathsep}/abs"


def test_a_folder_with_a_matplotlibrc_has_a_zygote_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "labline.toml").touch()
    (tmp_path / "a").mkdir()
    plain = _digest(tmp_path / "a")
    (tmp_path / "a" / "matplotlibrc").touch()
    assert _digest(tmp_path / "a") != plain


def test_what_a_process_inherits_is_in_the_key(tmp_path: Path) -> None:
    plain = _digest(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (1 if soft != 1 else 2, hard))
    try:
        assert _digest(tmp_path) != plain
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    assert _digest(tmp_path) == plain
