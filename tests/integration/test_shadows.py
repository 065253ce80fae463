"""A shadow's answers beside the live release's: real Bentos behind a real gateway."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from tests.integration.serving_models import save, version_of
from tests.platforms import WORKER, eventually
from tests.ports import free_port

from labline.database import Database
from labline.deployment import Endpoints, Platform, Trial
from labline.errors import NotFound
from labline.lab.rolling import Rolling
from labline.records import Bento, Command, Release, ReleaseState
from labline.serving import boot_command, export
from labline.settings import RolloutSettings, Settings, StageSettings
from labline.workflows import Workflows

POLICY = '[gateway]\nport = {port}\n[serving]\nboot_timeout = "60s"\n'


@dataclass(frozen=True)
class Flats:
    """An endpoint and three versions of a model: two alike, and one that is off by ten."""

    settings: Settings
    database: Database
    endpoints: Endpoints
    bentos: dict[int, Bento]
    client: httpx.Client

    def deploy(self, version: int, key: str, trial: Trial | None = None) -> Release:
        bento = self.bentos[version]
        return self.endpoints.deploy(
            "flats",
            bento=bento,
            command_for_port=lambda port: boot_command(bento, Path(sys.executable), port),
            python=sys.executable,
            actor="ada",
            key=key,
            trial=trial,
        )

    def ask(self, rooms: list[float], **headers: str) -> list[float]:
        body = {"rows": [{"rooms": each} for each in rooms]}
        answer = self.client.post("/flats/predict", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["predictions"])


@pytest.fixture(scope="module")
def flats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flats]:
    root = tmp_path_factory.mktemp("flats")
    port = free_port()
    (root / "labline.toml").write_text(POLICY.format(port=port))
    (root / "worker.py").write_text(WORKER)
    settings = Settings.load(root)
    table = pd.DataFrame({"rooms": [1.0, 2.0, 3.0, 4.0]})
    bentos = {}
    for version, off in ((1, 0.0), (2, 0.0), (3, 10.0)):
        model = LinearRegression().fit(table, 100 * table["rooms"] + off)
        folder = save("sklearn", root / f"saved-{version}", model, table)
        bentos[version] = export(folder, version_of("flats", version), settings=settings)
    database = Database(settings.database)
    argv = (sys.executable, str(root / "worker.py"), settings.database, "work")
    platform = Platform(settings, database, worker=Command(argv, {}, str(root)))
    endpoints = Endpoints(settings, platform)
    try:
        platform.up()
        Flats(settings, database, endpoints, bentos, httpx.Client()).deploy(1, "first")
        headers = {"Authorization": f"Bearer {endpoints.issue_key('flats', 600)}"}
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
            yield Flats(settings, database, endpoints, bentos, client)
    finally:
        platform.down()
        database.close()


def test_a_shadow_is_compared_on_the_requests_that_the_live_release_answered(flats: Flats) -> None:
    with pytest.raises(NotFound, match="No release is on trial on 'flats'"):
        flats.endpoints.shadows.compare("flats")
    shadow = flats.deploy(3, "shadow", Trial(mirrored=100))
    try:
        for number in range(20):
            flats.ask([1.0, 2.0], **{"x-request-id": f"request-{number}"})
        found = eventually(lambda: _whole(flats, 20), 60)
        assert (found.live, found.candidate) == ("flats/1", "flats/3")
        assert (found.predictions, found.agreement) == (40, 0.0)
        assert found.differences.mean == pytest.approx(10)
        assert found.examples[0].request_id.startswith("request-")
        assert found.examples[0].given in ({"rooms": 1.0}, {"rooms": 2.0})
        assert flats.endpoints.shadows.compare("flats", 0.2).agreement == 1.0
        _is_closed(flats)
    finally:
        flats.endpoints.abort(shadow.id, "over")


def _whole(flats: Flats, requests: int) -> Any:
    found = flats.endpoints.shadows.compare("flats")
    return found if found.requests == requests else None


def _is_closed(flats: Flats) -> None:
    """Nobody reads through the gateway what is kept, with the token neither."""
    from labline.deployment.keys import SigningKey
    from labline.deployment.shadows import VARIABLE

    token = SigningKey.of(flats.settings).secret(VARIABLE)
    for value in ("", token):
        answer = flats.client.get("/flats/captured", headers={"x-labline-capture-token": value})
        assert answer.status_code == 404, answer.text


def test_the_gateway_reaches_releases_by_sockets_that_end_with_them(flats: Flats) -> None:
    platform = flats.endpoints._platform
    sockets = platform.places.sockets
    shadow = flats.deploy(2, "sockets", Trial(mirrored=100))
    try:
        files = {port: sockets / f"{port}.sock" for port in shadow.ports}
        assert all(file.is_socket() for file in files.values())
        known = (platform.places.watched / "cds.json").read_text()
        assert all(str(file) in known for file in files.values())
        seen = next(each for each in platform.status().instances if each.release == shadow.id)
        assert (seen.port, seen.healthy) == (shadow.ports[0], True)
    finally:
        flats.endpoints.abort(shadow.id, "over")
    assert eventually(lambda: not any(file.exists() for file in files.values()), 60)


def test_nothing_is_kept_while_there_is_no_shadow(flats: Flats) -> None:
    flats.ask([7.0], **{"x-request-id": "quiet", "x-labline-capture": "1"})
    shadow = flats.deploy(2, "quiet", Trial(mirrored=100))
    try:
        live = flats.endpoints.get("flats").live
        assert live is not None
        kept = list(flats.endpoints.shadows._read(flats.endpoints._releases.get(live.id)))
        assert "quiet" not in {each.id for each in kept}
    finally:
        flats.endpoints.abort(shadow.id, "over")


@pytest.mark.parametrize(
    ("version", "state", "why"),
    [
        (3, ReleaseState.ABORTED, "predictions differ from flats/1's"),
        pytest.param(2, ReleaseState.LIVE, "", marks=pytest.mark.proof),
    ],
)
def test_a_rollout_begins_with_a_shadow_that_must_agree(
    flats: Flats, version: int, state: ReleaseState, why: str
) -> None:
    rules = RolloutSettings.model_validate(
        {
            "shadow": "2s",
            "steps": [100],
            "abort": {"disagreement": 0.01, "min_requests": 10, "window": "30s"},
        }
    )
    stages = {"prod": StageSettings(rollout=rules)}
    settings = flats.settings.model_copy(update={"stages": stages})
    lab: Any = SimpleNamespace(settings=settings, rules=settings, endpoints=flats.endpoints)
    ledger: list[str] = []

    def begin(flow: Any, payload: dict[str, Any]) -> Release:
        assert payload["shadow"]
        return flow.step(
            "begin", lambda: flats.deploy(version, f"rollout-{version}", Trial(mirrored=100))
        )

    workflows = Workflows(lab.settings, flats.database)
    body = Rolling(lab, begin, lambda what, *_: ledger.append(what)).run
    workflows.register("rollout", body, queue="rollouts")
    over = threading.Event()
    asking = threading.Thread(target=_ask_on, args=(flats, over))
    with workflows.executor():
        asking.start()
        try:
            payload = {"stage": "prod", "endpoint": "flats", "actor": "ada"}
            release = workflows.wait(workflows.submit("rollout", payload), timeout=120).result
        finally:
            over.set()
            asking.join()
    workflows.close()
    assert release.state is state
    assert why in release.reason
    assert ledger == (["aborted"] if why else ["deployed"])


def _ask_on(flats: Flats, over: threading.Event) -> None:
    while not over.wait(0.02):
        flats.ask([1.0, 2.0, 3.0])
