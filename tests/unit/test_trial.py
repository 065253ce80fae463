"""A candidate tried as a service: it is that service that answers."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from labline import deployment
from labline.errors import BootFailed
from labline.lab import Lab, trial
from labline.records import Command


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def other() -> Iterator[int]:
    """Provide the port of another service, which is ready."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Ready) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_another_service_that_has_taken_the_port_is_not_taken_for_the_candidate(
    other: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deployment, "pick_ports", lambda *_: (other,))
    (tmp_path / "labline.toml").write_text('[serving]\nboot_timeout = "60s"\n')
    code = f"import socket, time; time.sleep(1); socket.create_server(('127.0.0.1', {other}))"
    boot = Command((sys.executable, "-c", code), {}, str(tmp_path))
    with (
        pytest.raises(BootFailed, match="Address already in use"),
        trial._booted(Lab.from_(tmp_path), "flats", lambda _: boot),
    ):
        pass
