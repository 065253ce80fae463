"""The process of a service: it drains, answers when its model raises, ends when it must."""

from __future__ import annotations

import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.integration.serving_models import (
    Instance,
    booted,
    free_port,
    project,
    running,
    version_of,
)
from tests.jobs import until

from labline.records import SOCKETS, Bento
from labline.serving import boot_command, export
from labline.settings import Settings

ROOT = Path(__file__).parents[2]
# A module of the user's own, that the model imports; it can wait and fail on order.
SLOW = """
import time
import mlflow.pyfunc

class Slow(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        wait = float(model_input["wait"].iloc[0])
        if wait < 0:
            raise RuntimeError("the secret is 42")
        print(f"waits {wait} s", flush=True)
        time.sleep(wait)
        return model_input["wait"] * 2
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def slow_bento(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Bento:
    place = tmp_path_factory.mktemp("code")
    (place / "slow_model.py").write_text(SLOW)
    program = (
        "import sys, pathlib, pandas as pd; sys.path[:0] = sys.argv[2:]\n"
        "from tests.integration.serving_models import save\n"
        "from slow_model import Slow\n"
        "save('pyfunc', pathlib.Path(sys.argv[1]), Slow(), pd.DataFrame({'wait': [0.0, 0.01]}),"
        " code_paths=[sys.argv[2] + '/slow_model.py'])"
    )
    saved = place / "saved"
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(saved), str(place), str(ROOT)],
        check=True,
        capture_output=True,
    )
    return export(saved, version_of("slow"), settings=settings)


@pytest.fixture
def slow(slow_bento: Bento, tmp_path: Path) -> Iterator[Instance]:
    with booted(slow_bento, tmp_path) as instance:
        yield instance


def test_a_model_with_modules_of_its_own_is_served_and_drains_on_sigterm(slow: Instance) -> None:
    answers: list[Any] = []
    request = threading.Thread(
        target=lambda: answers.append(slow.predict({"rows": [{"wait": 3.0}]}))
    )
    request.start()
    until(lambda: "waits 3.0 s" in slow.log.read_text())
    assert slow.client.get("/livez").status_code == 200
    slow.process.send_signal(signal.SIGTERM)
    request.join()
    assert answers[0].status_code == 200
    assert answers[0].json()["predictions"] == [6.0]
    slow.process.wait(60)


def test_a_model_that_raises_gives_a_500_that_tells_nothing(slow: Instance) -> None:
    answer = slow.predict({"rows": [{"wait": -1}]})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.headers["x-request-id"] in slow.log.read_text()
    assert "the secret is 42" in slow.log.read_text()
    assert slow.predict({"rows": [{"wait": 0}]}).status_code == 200


def test_it_also_listens_on_a_socket_of_this_user_in_the_place_of_a_dead_one(
    slow_bento: Bento, tmp_path: Path
) -> None:
    port = free_port()
    file = tmp_path / f"{port}.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(file))
    command = boot_command(slow_bento, Path(sys.executable), port)
    env = {**command.env, SOCKETS: str(tmp_path)}
    transport = httpx.HTTPTransport(uds=str(file))
    with (
        running(command.argv, env, command.cwd, port, tmp_path) as instance,
        httpx.Client(transport=transport, base_url="http://flats") as client,
    ):
        body = {"rows": [{"wait": 0.0}]}
        answer = client.post("/predict", json=body)
        assert answer.json() == instance.predict(body).json()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_killing_the_process_frees_the_port_at_once(slow: Instance) -> None:
    slow.process.kill()
    slow.process.wait(30)
    with pytest.raises(Exception, match=r"refused|reset|disconnected"):
        slow.client.get("/livez")


def test_a_model_that_cannot_be_loaded_ends_the_process(
    slow_bento: Bento, settings: Settings, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    subprocess.run(["cp", "-r", str(settings.bentoml_home), str(home)], check=True)
    name, version = slow_bento.tag.split(":")
    (home / "models" / name / version / "mlflow_model" / "python_model.pkl").write_bytes(b"x")
    copy = replace(slow_bento, path=str(home / "bentos" / name / version))
    command = boot_command(copy, Path(sys.executable), free_port())
    done = subprocess.run(
        command.argv, env=dict(command.env), cwd=command.cwd, capture_output=True, check=False
    )
    assert done.returncode not in (0, None)
    assert b"UnpicklingError" in done.stderr
