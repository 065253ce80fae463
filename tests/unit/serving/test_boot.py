"""The command of an instance."""

from __future__ import annotations

from pathlib import Path

import pytest

from labline.records import SOCKETS, Bento
from labline.serving import boot_command

TEMPLATE = Path(__file__).parents[3] / "bentos" / "pyfunc"


def bento(home: Path, *files: str) -> Bento:
    place = home / "bentos" / "flats" / "3-abc"
    (place / "src").mkdir(parents=True)
    for name in files:
        (place / "src" / name).touch()
    return Bento("flats:3-abc", str(place), "flats/3", "d" * 64)


def test_one_process_on_loopback_with_its_own_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    made = bento(tmp_path, "serve.py")
    command = boot_command(made, Path("/env/bin/python"), 4321)
    assert command.argv[:2] == ("/env/bin/python", f"{made.path}/src/serve.py")
    assert command.argv[-4:] == ("--host", "127.0.0.1", "--port", "4321")
    assert command.cwd == made.path
    assert command.env["BENTOML_HOME"] == str(tmp_path)
    assert command.env["BENTOML_DO_NOT_TRACK"] == "1"
    assert int(command.env["OMP_NUM_THREADS"]) >= 1


def test_a_template_without_its_own_server_is_served_by_bentoml(tmp_path: Path) -> None:
    command = boot_command(bento(tmp_path), Path("python"), 4321)
    assert command.argv[1:4] == ("-m", "bentoml", "serve")


def test_only_a_server_that_knows_of_sockets_is_told_a_folder_for_them(tmp_path: Path) -> None:
    made = bento(tmp_path, "serve.py")
    assert SOCKETS not in boot_command(made, Path("python"), 4321).env
    (Path(made.path) / "src" / "serve.py").write_text((TEMPLATE / "serve.py").read_text())
    assert boot_command(made, Path("python"), 4321).env[SOCKETS] == ""


def test_a_thread_limit_that_the_user_set_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert "OMP_NUM_THREADS" not in boot_command(bento(tmp_path), Path("python"), 1).env
