"""The files for Docker Compose: held against its schema, and its gateway run for real."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import yaml
from tests.platforms import eventually

from labline.deployment import envoy_binary
from labline.deployment.keys import SigningKey
from labline.serving import targets
from labline.serving.targets import Workload
from labline.settings import Settings

CANARY = {"canary_image": "registry.example/penguins:4", "canary_weight": 30}


def workload(settings: Settings, **changes: Any) -> Workload:
    facts: dict[str, Any] = {
        "project": "birds",
        "model": "Penguins",
        "version": 3,
        "image": "registry.example/penguins:3",
        "stages": ("prod",),
        "endpoint": "Penguins",
        "jwks": SigningKey.of(settings).jwks(),
    }
    return Workload(**facts | changes)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(root=tmp_path)


@pytest.mark.parametrize("changes", [{}, CANARY])
def test_the_file_fits_the_schema_of_compose_and_its_parts_are_there(
    settings: Settings, tmp_path: Path, changes: dict[str, Any]
) -> None:
    targets.write(targets.find("compose").files(workload(settings, **changes)), tmp_path)
    place = tmp_path / "compose.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec",
         str(place)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    compose = yaml.safe_load(place.read_text())
    services = compose["services"]
    assert set(services) == {"model", "gateway", "collector", *(["canary"] if changes else [])}
    for config in compose["configs"].values():
        assert (tmp_path / config["file"]).is_file()
    for name in {"model", "canary"} & set(services):
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert "ports" not in services[name], "nobody goes round the gateway"
        otlp = services[name]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"]
        assert otlp == "http://collector:4318"
    collector = yaml.safe_load((tmp_path / "collector.yaml").read_text())
    listens = collector["receivers"]["otlp"]["protocols"]["http"]["endpoint"]
    assert listens.endswith(":4318")
    assert not [each for each in services.values() if each["image"].endswith(":latest")]


class _Model(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = json.dumps({"path": self.path, "port": self.server.server_port}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def model() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Model)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def gateway(text: str, folder: Path, port: int, **models: int) -> Iterator[str]:
    """Run the gateway with the names of Compose's network led to this machine."""
    config = text.replace("0.0.0.0", "127.0.0.1").replace("8490", str(port))
    for name, at in models.items():
        pattern = rf"address: {name}\n(\s+)port_value: 3000"
        config, found = re.subn(pattern, rf"address: 127.0.0.1\n\1port_value: {at}", config)
        assert found == 1
    place = folder / "gateway.yaml"
    place.write_text(config)
    with (folder / "envoy.log").open("wb") as log:
        process = subprocess.Popen(
            [envoy_binary(), "-c", place, "--disable-hot-restart", "--concurrency", "1"],
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def test_its_gateway_asks_for_a_key_of_the_endpoint_and_shares_the_requests(
    settings: Settings, tmp_path: Path, free_port: int
) -> None:
    text = targets.find("compose").files(workload(settings, **CANARY))["gateway.yaml"]
    key = SigningKey.of(settings)
    good, other = (key.mint(name, "id", time.time() + 600) for name in ("Penguins", "churn"))
    with (
        model() as live,
        model() as canary,
        gateway(text, tmp_path, free_port, model=live, canary=canary) as url,
        httpx.Client(base_url=url, timeout=30) as client,
    ):

        def answer(key: str = "") -> httpx.Response:
            headers = {"Authorization": f"Bearer {key}"} if key else {}
            return client.get("/Penguins/version", headers=headers)

        eventually(lambda: _status(client, good) == 200, 60)
        assert [answer(each).status_code for each in ("", "x.y.z", other)] == [401, 401, 403]
        assert answer(good).json()["path"] == "/version"
        seen = [answer(good).json()["port"] for _ in range(200)]
        assert 20 < seen.count(canary) < 110
        assert seen.count(live) + seen.count(canary) == 200
        assert client.get("/livez").status_code == 200
        assert client.get("/other/predict").status_code == 404


def _status(client: httpx.Client, key: str) -> int:
    try:
        found = client.get("/Penguins/version", headers={"X-API-Key": key})
    except httpx.TransportError:
        return 0
    return int(found.status_code)
