"""The platform goes up and down: real circus, real Envoy."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from tests.platforms import Line, project

from labline.cli.app import labline_command
from labline.deployment import Platform, web
from labline.deployment.processes import is_alive
from labline.errors import Conflict, Failed, Refused
from labline.settings.gateway import AccessLogSettings


@pytest.fixture
def line(tmp_path, free_port, leaves_nothing_running):
    with project(tmp_path, free_port) as made:
        yield made


def test_up_starts_gateway_and_worker_and_down_ends_them(line):
    status = line.platform.up()
    assert status.running
    assert status.started
    assert (status.gateway, status.worker) == ("ready", "ready")
    assert status.url == f"http://127.0.0.1:{line.settings.gateway.port}"
    daemon = psutil.Process(status.pid)
    assert daemon.ppid() != psutil.Process().pid
    children = daemon.children(recursive=True)
    assert len(children) == 2

    again = line.platform.up()
    assert not again.started
    assert again.pid == status.pid

    assert line.platform.down()
    assert not any(is_alive(each) for each in (daemon, *children))
    assert not line.platform.running
    assert not line.platform.status().running
    assert not line.platform.down()


def test_sockets_are_private_and_the_admin_has_no_port(line):
    status = line.platform.up()
    places = line.platform.places
    for path in (places.sockets, places.control, places.admin):
        assert path.stat().st_mode & 0o077 == 0
    listening = {
        connection.laddr.port
        for process in psutil.Process(status.pid).children()
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {line.settings.gateway.port}
    assert web.get(places.admin, "/ready").status == 200


def test_two_ups_at_the_same_time_start_one(line):
    other = Platform(line.settings, line.database, worker=line.platform._worker)
    found = []
    threads = [
        threading.Thread(target=lambda platform=platform: found.append(platform.up()))
        for platform in (line.platform, other)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(status.started for status in found) == [False, True]
    assert len({status.pid for status in found}) == 1


def test_a_taken_port_is_a_conflict_that_names_who_holds_it(line):
    port = line.settings.gateway.port
    code = (
        f"import socket, time; server = socket.create_server(('127.0.0.1', {port}))\n"
        "print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as server:
        assert server.stdout
        server.stdout.readline()
        try:
            with pytest.raises(Conflict, match=f"Port {port}.*pid {server.pid}") as refused:
                line.platform.up()
        finally:
            server.kill()
    assert "[gateway] port" in refused.value.fix
    assert not line.platform.running
    assert line.platform.up().running


def test_a_worker_that_cannot_start_fails_up_with_its_words_and_leaves_nothing(
    tmp_path, free_port, leaves_nothing_running
):
    line = Line(tmp_path, free_port, worker="exit")
    with pytest.raises(Failed, match="the worker cannot start") as failed:
        line.platform.up()
    assert "exit code 1" in failed.value.message
    assert failed.value.details["log"][-1] == "the worker cannot start"
    assert not line.platform.running
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", free_port))
    line.database.close()


def test_a_project_in_a_very_deep_folder_works(tmp_path, free_port, leaves_nothing_running):
    root = tmp_path / ("long" * 20) / ("deep" * 20)
    root.mkdir(parents=True)
    line = Line(root, free_port)
    try:
        assert line.platform.up().gateway == "ready"
        assert not line.platform.control._places.sockets.is_relative_to(root)
    finally:
        line.platform.down()
        line.database.close()
    assert not line.platform.places.sockets.exists()


def test_down_and_status_of_a_project_that_was_never_up_touch_nothing(tmp_path, free_port):
    line = Line(tmp_path, free_port)
    assert not line.platform.running
    assert not line.platform.down()
    assert not (Path(tmp_path) / ".labline" / "gateway").exists()
    line.database.close()


def test_deploying_needs_the_platform(line):
    with pytest.raises(Conflict, match="not up") as refused:
        line.deploy(1)
    assert isinstance(refused.value, Refused)
    assert "labline up" in refused.value.fix


def test_settings_that_were_changed_while_it_is_up_are_told(line):
    told = {"otlp": "http://127.0.0.1:9", "signals": ("traces",)}
    first = with_sections(line.settings, telemetry=told)
    line.platform = Platform(first, line.database, worker=line.platform._worker)
    line.platform.up()
    for changed in (
        {"serving": {"max_body_bytes": 4096}},
        {"gateway": {"access_log": AccessLogSettings(kept=1)}},
        {"telemetry": {"traces_per_second": 7}},
    ):
        settings = with_sections(first, **changed)
        later = Platform(settings, line.database, worker=line.platform._worker)
        assert "labline down" in later.status().problem, changed
        with pytest.raises(Conflict, match="were changed") as refused:
            later.up()
        assert "labline down" in refused.value.fix
    assert line.platform.status().problem == ""


def with_sections(settings, **changes):
    found = {
        name: getattr(settings, name).model_copy(update=values) for name, values in changes.items()
    }
    return settings.model_copy(update=found)


def test_a_platform_is_taken_down_though_its_labline_toml_cannot_be_used(line, monkeypatch):
    status = line.platform.up()
    policy, daemon = line.settings.root / "labline.toml", psutil.Process(status.pid)
    policy.write_text("[gateway]\nprot = 1\n")
    monkeypatch.chdir(line.settings.root)
    found = CliRunner().invoke(labline_command, ["down"])
    assert (found.exit_code, found.output.strip()) == (0, "labline is down.")
    assert not is_alive(daemon)
