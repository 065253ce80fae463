"""The share of the requests that the gateway traces follows how many come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labline.deployment import web
from labline.deployment.places import Places
from labline.deployment.sampling import Sampling


class Gateway:
    """What a gateway's admin interface says, at a time."""

    def __init__(self) -> None:
        self.now = 100.0
        self.requests: int | None = 0

    def get(self, *_: object) -> web.Answer | None:
        if self.requests is None:
            return None
        counted = {"name": "http.gateway.downstream_rq_total", "value": self.requests}
        return web.Answer(200, {}, json.dumps({"stats": [counted]}).encode())


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Gateway:
    made = Gateway()
    monkeypatch.setattr(web, "get", made.get)
    return made


def told(places: Places) -> float | None:
    """Return the share that the gateway is told, if it is."""
    path = places.watched / "rtds.json"
    if not path.is_file():
        return None
    (layer,) = json.loads(path.read_text())["resources"]
    part = layer["layer"]["tracing.random_sampling"]
    assert part["denominator"] == "TEN_THOUSAND", "Envoy draws one of so many"
    return float(part["numerator"]) / 1e4


@pytest.mark.parametrize(
    ("per_second", "share"),
    [(0, 1.0), (10, 1.0), (80, 1.0), (100, 0.8), (3000, 0.0267), (10**7, 0.0001)],
)
def test_four_fifths_of_what_an_instance_traces_are_begun(
    tmp_path: Path, gateway: Gateway, per_second: int, share: float
) -> None:
    places = Places(tmp_path, tmp_path)
    places.make()
    sampling = Sampling(places, 1.0, 100, clock=lambda: gateway.now)
    sampling.look()
    assert told(places) is None, "one count is no rate"
    gateway.now, gateway.requests = 102.0, 2 * per_second
    sampling.look()
    assert told(places) == share


def test_the_share_that_is_set_is_the_most(tmp_path: Path, gateway: Gateway) -> None:
    places = Places(tmp_path, tmp_path)
    places.make()
    sampling = Sampling(places, 0.25, 100, clock=lambda: gateway.now)
    shares = []
    for per_second in (0, 100, 1000, 1020, 2000, 100):
        gateway.now += 2
        gateway.requests = (gateway.requests or 0) + 2 * per_second
        sampling.look()
        shares.append(told(places))
    assert shares == [None, 0.25, 0.08, 0.08, 0.04, 0.25], "a little more changes nothing"


def test_a_gateway_that_is_away_or_was_started_anew_changes_nothing(
    tmp_path: Path, gateway: Gateway
) -> None:
    places = Places(tmp_path, tmp_path)
    places.make()
    sampling = Sampling(places, 1.0, 100, clock=lambda: gateway.now)
    shares = []
    for seconds, counted in ((2, 0), (2, 400), (2, None), (2, 900), (2, 4), (0.5, 4000), (2, 404)):
        gateway.now, gateway.requests = gateway.now + seconds, counted
        sampling.look()
        shares.append(told(places))
    assert shares == [None, 0.4, 0.4, 0.4, 0.4, 0.4, 0.5]
