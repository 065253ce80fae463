from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from labline.kernel.warm import places
from labline.kernel.warm.wire import CannotServe

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="elsewhere kernels start cold")


def test_the_folder_is_this_users_alone_and_short() -> None:
    path = places.folder()
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert path.stat().st_uid == os.getuid()
    assert len(os.fsencode(path / "z-0123456789abcdef.sock")) <= 107


def test_a_folder_that_is_open_to_others_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "Path", lambda _: tmp_path)
    name = tmp_path / f"labline-{os.getuid()}"
    name.mkdir()
    name.chmod(0o755)
    with pytest.raises(CannotServe, match="not a folder of this user alone"):
        places.folder()
    name.rmdir()
    name.symlink_to(tmp_path)
    with pytest.raises(CannotServe):
        places.folder()
    name.unlink()
    name.touch()
    with pytest.raises(CannotServe):
        places.folder()


def test_dead_sockets_are_swept_and_live_or_young_ones_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "folder", lambda: tmp_path)
    made = []
    for name in ("k-dead-1", "s-1-1", "k-live-1", "k-young-1", "z-key.sock"):
        made.append(socket.socket(socket.AF_UNIX))
        made[-1].bind(str(tmp_path / name))
        if name != "k-young-1":
            os.utime(tmp_path / name, (1, 1))
    made[2].listen()
    for name in ("z-key.log", "z-dead.log", "z-dead.sock"):
        (tmp_path / name).touch()
    held = places.lock(tmp_path / "z-key.log")
    assert held
    places.sweep()
    os.close(held)
    kept = {"k-live-1", "k-young-1", "z-key.sock", "z-key.log"}
    assert {path.name for path in tmp_path.iterdir()} == kept
    for one in made:
        one.close()
