import stat
import threading
from pathlib import Path

from labline.deployment.places import Places, is_locked, locked


def test_sockets_lie_in_the_project_where_their_path_is_short(tmp_path):
    places = Places(Path("/srv/lab"), Path("/srv/lab/.labline"))
    assert places.sockets == places.state


def test_a_long_path_gets_a_private_folder_of_its_own_for_sockets(tmp_path):
    root = tmp_path / ("deep" * 30)
    places = Places(root, root / ".labline")
    try:
        places.make()
        assert len(str(places.control)) < 100
        assert stat.S_IMODE(places.sockets.stat().st_mode) == 0o700
        assert places.sockets != Places(tmp_path / ("deep" * 31), tmp_path).sockets
    finally:
        places.sockets.rmdir()


def test_the_state_is_readable_for_its_owner_only(tmp_path):
    places = Places(tmp_path, tmp_path / ".labline")
    places.make()
    assert stat.S_IMODE(places.state.stat().st_mode) == 0o700


def test_the_tail_of_a_log_is_its_last_lines(tmp_path):
    places = Places(tmp_path, tmp_path)
    places.make()
    assert places.tail("worker") == []
    places.log("worker").write_text("".join(f"line {n}\n" for n in range(50)))
    assert places.tail("worker", 2) == ["line 48", "line 49"]


def test_a_lock_is_held_by_one_at_a_time(tmp_path):
    path = tmp_path / "a.lock"
    assert not is_locked(path)
    inside = threading.Event()
    with locked(path):
        assert is_locked(path)
        other = threading.Thread(target=lambda: _enter(path, inside))
        other.start()
        assert not inside.wait(0.2)
    assert inside.wait(30)
    other.join()
    assert not is_locked(path)


def _enter(path: Path, inside: threading.Event) -> None:
    with locked(path):
        inside.set()
