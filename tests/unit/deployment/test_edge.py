"""TLS, access log, rates and the page for Prometheus, as Envoy's configuration."""

import json
from pathlib import Path

import pytest

from labline.deployment import edge, envoy
from labline.deployment.envoy import Backend, Routing
from labline.settings import Settings
from labline.settings.gateway import GatewaySettings, RateSettings


def routes(gateway: GatewaySettings) -> list[dict]:
    found = envoy.routes(Routing({"churn": (Backend(1, (20001,), 100),)}), gateway)
    return found["virtual_hosts"][0]["routes"]


def bucket(gateway: GatewaySettings) -> dict | None:
    route = next(each for each in routes(gateway) if each["match"] == {"prefix": "/churn/"})
    rules = route["typed_per_filter_config"].get("envoy.filters.http.local_ratelimit")
    return rules and rules["token_bucket"]


@pytest.mark.parametrize(
    ("rate", "tokens", "seconds", "most"),
    [
        (RateSettings(requests=10), 1, 0.1, 10),
        (RateSettings(requests=1, per="1m"), 1, 60, 1),
        (RateSettings(requests=1000), 50, 0.05, 1000),
        (RateSettings(requests=100, per="1m", burst=5), 1, 0.6, 5),
        (RateSettings(requests=1_000_000, per=1.0, burst=1), 50_000, 0.05, 50_000),
    ],
)
def test_a_rate_is_let_through_evenly_and_never_more_often_than_envoy_can_look(
    rate, tokens, seconds, most
):
    assert rate.fill == (tokens, pytest.approx(seconds))
    assert rate.most == most


def test_a_rate_holds_for_every_endpoint_unless_one_has_its_own():
    assert bucket(GatewaySettings()) is None
    assert bucket(GatewaySettings(rate={"requests": 7}))["max_tokens"] == 7
    own = GatewaySettings(rate={"requests": 7}, rates={"churn": {"requests": 3}})
    assert bucket(own)["max_tokens"] == 3
    other = GatewaySettings(rates={"fraud": {"requests": 3}})
    assert bucket(other) is None


def test_open_paths_have_no_limit_so_that_monitors_are_never_refused():
    for route in routes(GatewaySettings(rate={"requests": 1})):
        limited = "local_ratelimit" in json.dumps(route.get("typed_per_filter_config", {}))
        assert limited == (route["match"] in ({"path": "/churn"}, {"prefix": "/churn/"}))


def test_a_timeout_and_the_requests_under_way_are_the_gateways():
    gateway = GatewaySettings(timeout="5s", concurrency=9)
    route = next(each for each in routes(gateway) if each["match"] == {"prefix": "/churn/"})
    assert route["route"]["timeout"] == "5s"
    (found,) = envoy.clusters(Routing({"churn": (Backend(1, (20001,), 100),)}), gateway)
    assert found["circuit_breakers"]["thresholds"][0]["max_requests"] == 9


def test_with_tls_the_listener_has_the_certificate_of_the_project(tmp_path):
    settings = Settings(root=tmp_path, gateway={"tls": {"certificate": "c.pem", "key": "k.pem"}})
    (chain,) = envoy.listener(settings, "{}", {})["filter_chains"]
    common = chain["transport_socket"]["typed_config"]["common_tls_context"]
    assert common["tls_certificates"][0]["private_key"] == {"filename": str(tmp_path / "k.pem")}
    assert "transport_socket" not in envoy.listener(Settings(), "{}", {})["filter_chains"][0]


def test_the_access_log_names_neither_key_nor_query():
    (found,) = edge.access_log(Settings(), Path("/p/access.log"))
    line = found["typed_config"]["log_format"]["json_format"]
    assert "AUTHORIZATION" not in json.dumps(line).upper()
    assert line["path"] == "%PATH(NQ:ORIG_OR_PATH)%"
    assert edge.access_log(Settings(gateway={"access_log": {"enabled": False}}), Path("x")) == []


def test_the_metrics_page_is_all_that_is_opened_of_the_admin_interface():
    assert edge.metrics_listeners(GatewaySettings()) == []
    (found,) = edge.metrics_listeners(GatewaySettings(metrics_port=8491))
    text = json.dumps(found)
    assert text.count('"cluster": "admin"') == 1
    assert '"path": "/metrics"' in text
    assert '"prefix_rewrite": "/stats/prometheus"' in text
