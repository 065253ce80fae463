"""What is said where BentoCloud cannot be used; BentoML's own API is asked for real."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from labline.errors import BadInput, Failed, Refused, Unreachable
from labline.records import Bento
from labline.serving.cloud import CloudPlan, deploy
from labline.settings import Settings

BENTO = Bento("penguins:3-abc", "/nowhere", "penguins/3", "d" * 64)
PLAN = CloudPlan("penguins", least=1, most=3)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name in ("BENTO_CLOUD_API_KEY", "BENTO_CLOUD_API_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    return Settings(root=tmp_path)


@contextmanager
def cloud(status: int) -> Iterator[str]:
    """Answer everything with one status, as BentoCloud does who may not come in."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"sorry!")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_who_is_not_signed_in_is_told_how_to(settings: Settings) -> None:
    with pytest.raises(Refused, match="No cloud context default found") as caught:
        deploy(BENTO, PLAN, settings)
    assert f"BENTOML_HOME={settings.bentoml_home} bentoml cloud login" in caught.value.fix


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [(401, Refused, "does not let you in"), (500, Failed, "did not deploy it"),
     (None, Unreachable, "does not answer")],
)  # fmt: skip
def test_what_the_cloud_says_becomes_the_error_of_its_kind(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, free_port: int,
    status: int | None, kind: type[Exception], said: str,
) -> None:  # fmt: skip
    monkeypatch.setenv("BENTO_CLOUD_API_KEY", "k")
    if status is None:
        monkeypatch.setenv("BENTO_CLOUD_API_ENDPOINT", f"http://127.0.0.1:{free_port}")
        with pytest.raises(kind, match=said):
            deploy(BENTO, PLAN, settings)
        return
    with cloud(status) as url:
        monkeypatch.setenv("BENTO_CLOUD_API_ENDPOINT", url)
        with pytest.raises(kind, match=said):
            deploy(BENTO, PLAN, settings)


def test_only_what_is_given_is_asked_for() -> None:
    assert PLAN.order(BENTO) == {
        "bento": "penguins:3-abc",
        "name": "penguins",
        "cluster": None,
        "options": {"scaling_min": 1, "scaling_max": 3},
    }


def test_more_instances_at_least_than_at_most_are_refused_before_anything_is_asked() -> None:
    with pytest.raises(BadInput, match="--min 3 is more than --max 1"):
        CloudPlan("penguins", least=3, most=1)
    assert CloudPlan("penguins", least=3, most=3).most == 3
