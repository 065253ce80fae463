"""Two platforms that choose the same ports: nothing reserves a port between projects."""

import shutil
import subprocess
from contextlib import contextmanager

import psutil
import pytest
from tests.platforms import Line, eventually, project

from labline.deployment import web


@pytest.fixture
def line(tmp_path, free_port, leaves_nothing_running):
    (tmp_path / "first").mkdir()
    with project(tmp_path / "first", free_port) as made:
        made.platform.up()
        yield made


@contextmanager
def another_on(line: Line, port: int):
    """Have another process listen there that says it serves the same."""
    command = line.serving("churn/1", "1" * 64, "serve", sockets=False)(port)
    with subprocess.Popen(command.argv, cwd=line.root) as server:
        try:
            eventually(lambda: web.get(("127.0.0.1", port), "/readyz"))
            yield server
        finally:
            server.kill()


@pytest.mark.parametrize("sockets", [True, False])
def test_a_release_whose_port_is_taken_while_it_boots_takes_another(line, monkeypatch, sockets):
    boot, others = line.platform.instances.boot, []

    def late(stored):
        if not others:
            others.append(another_on(line, stored.release.ports[0]))
            others[0].__enter__()
        boot(stored)

    monkeypatch.setattr(line.platform.instances, "boot", late)
    try:
        line.deploy(1, sockets=sockets)
        assert line.serves(1)
        (instance,) = line.platform.status().instances
        assert instance.state == "ready"
        assert psutil.Process(instance.pid).parent().pid == line.platform.control.pid
        assert instance.healthy
    finally:
        others[0].__exit__(None, None, None)


def test_what_comes_back_takes_another_port_where_a_copy_was_quicker(line, monkeypatch):
    line.deploy(1, instances=2)
    line.platform.down()
    shutil.copytree(line.root, line.root.with_name("second"))
    line.platform.up()
    second = Line(line.root.with_name("second"), line.settings.gateway.port + 1)
    on_free_ports, asked = second.platform.on_free_ports, []

    def too_early(stored):
        asked.append(stored)
        return stored if len(asked) == 1 else on_free_ports(stored)

    monkeypatch.setattr(second.platform, "on_free_ports", too_early)
    try:
        second.platform.up()
        assert eventually(lambda: second.serves(1))
        assert line.serves(1)
        mine, theirs = ({each.port for each in one.platform.status().instances} for one in
                        (line, second))  # fmt: skip
        assert not mine & theirs
        assert all(each.healthy for each in second.platform.status().instances)
    finally:
        second.platform.down()
        second.database.close()
