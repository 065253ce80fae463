"""What hangs is ended; what is busy, refuses or still loads is not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from labline.deployment import processes, web
from labline.deployment.hangs import Hangs
from labline.deployment.places import Places


class World:
    """Processes that answer, or not, at a time."""

    def __init__(self, places: Places) -> None:
        self.now = 100.0
        self.says: dict[Path, bool | None] = {}
        self.ended: list[Any] = []
        self.hangs = Hangs(places, 60.0, clock=lambda: self.now)

    def look(self, *says: bool | None, path: Path) -> None:
        for each in says:
            self.says[path] = each
            self.hangs.look()
            self.now += 20.0


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    places = Places(tmp_path, tmp_path)
    places.make()
    (places.sockets / "20001.sock").touch()
    made = World(places)
    monkeypatch.setattr(web, "answers", lambda path, _: made.says.get(path))
    monkeypatch.setattr(Hangs, "_behind", lambda _, path: [type("P", (), {"pid": path.stem})])
    monkeypatch.setattr(processes, "end", lambda each, grace: made.ended.append(each[0].pid))
    return made


@pytest.mark.parametrize("name", ["20001.sock", "admin"])
def test_what_answered_and_is_silent_for_long_is_ended_once(world: World, name: str) -> None:
    path = world.hangs.places.sockets / name
    world.look(True, False, False, False, path=path)
    assert world.ended == []
    world.look(False, False, path=path)
    assert world.ended == [path.stem]


@pytest.mark.parametrize("says", [(False,) * 9, (True, *(None, False) * 6), (True, False) * 6])
def test_what_has_not_come_up_refuses_or_is_slow_is_left_alone(
    world: World, says: tuple[bool | None, ...]
) -> None:
    world.look(*says, path=world.hangs.places.sockets / "20001.sock")
    assert world.ended == []


def test_a_daemon_that_was_stopped_itself_ends_nothing_at_its_first_look(world: World) -> None:
    path = world.hangs.places.sockets / "20001.sock"
    world.look(True, path=path)
    world.now += 1000.0
    world.look(False, True, path=path)
    assert world.ended == []


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "s"))
        yield made


def test_who_does_not_listen_is_told_from_who_does_not_answer(
    listener: socket.socket, tmp_path: Path
) -> None:
    def answers() -> bool | None:
        return web.answers(tmp_path / "s", "/livez", timeout=0.05)

    assert web.answers(tmp_path / "nothing", "/livez") is None
    assert answers() is None
    listener.listen(1)
    assert [answers() for _ in range(4)] == [False] * 4
