"""Where signals go, by settings and by the standard variables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import certifi
import pytest
from tests.certificates import make_issued
from tests.otlp import plain, receiver

from labline import telemetry
from labline.errors import BadSettings, Refused
from labline.settings import Settings
from labline.telemetry import Otlp, sender

HERE = "http://127.0.0.1:4318"
AUTHORITIES = "OTEL_EXPORTER_OTLP_CERTIFICATE"


def otlp(environ: dict[str, str] | None = None, **given: Any) -> Otlp:
    settings = Settings(project={"name": "flats"}, telemetry={"otlp": HERE, **given})
    return Otlp.of(settings, environ or {})


def test_nothing_is_sent_unless_it_is_set() -> None:
    silent = Otlp.of(Settings(), {})
    assert not silent.is_on
    assert silent.variables("flats", {}) == {}
    with telemetry.sending(Settings(), "worker"), telemetry.span("work"):
        pass


def test_each_signal_has_its_path() -> None:
    assert otlp().endpoint("traces") == f"{HERE}/v1/traces"
    assert otlp(signals=["traces"]).endpoint("logs") is None


@pytest.mark.parametrize(
    ("environ", "endpoint"),
    [
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:1/"}, "http://c:1/v1/traces"),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:1/t"}, "http://c:1/t"),
        ({"OTEL_TRACES_EXPORTER": "none"}, None),
        ({"OTEL_SDK_DISABLED": "TRUE"}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": " "}, f"{HERE}/v1/traces"),
    ],
)
def test_the_environment_wins(environ: dict[str, str], endpoint: str | None) -> None:
    assert otlp(environ).endpoint("traces") == endpoint


def test_a_header_refers_to_its_secret() -> None:
    asked = otlp({"KEY": "s3cret"}, headers={"api-key": "env:KEY", "x-team": "pricing"})
    assert asked.headers("logs") == {"api-key": "s3cret", "x-team": "pricing"}


def test_a_secret_that_is_not_set_is_named() -> None:
    with pytest.raises(Refused, match="'api-key' refers to env:KEY, which is not set") as caught:
        otlp(headers={"api-key": "env:KEY"}).headers("traces")
    assert "Set KEY where labline up is run" in caught.value.fix


def test_a_key_is_not_sent_to_a_collector_that_only_the_environment_names() -> None:
    asked = otlp({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:1"}, headers={"api-key": "k"})
    assert asked.headers("traces") == {}
    assert asked.headers("logs") == {"api-key": "k"}


def test_headers_of_the_environment_are_decoded() -> None:
    asked = otlp({"OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%2Cb, x=y"}, headers={"api-key": "k"})
    assert asked.headers("logs") == {"api-key": "a,b", "x": "y"}


def test_a_release_is_told_all_by_standard_variables() -> None:
    asked = otlp(
        {"KEY": "a, b's", "OTEL_RESOURCE_ATTRIBUTES": "team=pricing"},
        headers={"api-key": "env:KEY"},
        environment="prod",
        signals=["traces", "metrics"],
        every="5s",
    )
    found = asked.variables("flats", {"labline.release": "7"})
    pairs = dict(each.split("=") for each in found.pop("OTEL_RESOURCE_ATTRIBUTES").split(","))
    assert pairs == {
        "service.namespace": "flats",
        "deployment.environment.name": "prod",
        "deployment.environment": "prod",
        "labline.release": "7",
        "team": "pricing",
    }
    assert found == {
        "OTEL_SERVICE_NAME": "flats",
        "OTEL_METRIC_EXPORT_INTERVAL": "5000",
        "LABLINE_TRACES_PER_SECOND": "100",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{HERE}/v1/traces",
        "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "api-key=a%2C%20b%27s",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": f"{HERE}/v1/metrics",
        "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "api-key=a%2C%20b%27s",
        "OTEL_LOGS_EXPORTER": "none",
    }


def test_work_goes_on_where_a_secret_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(telemetry={"otlp": HERE, "headers": {"api-key": "env:NO_SUCH_KEY"}})
    done = []
    with telemetry.sending(settings, "worker"), telemetry.span("work"):
        done.append(1)
    assert done == [1]
    assert "env:NO_SUCH_KEY, which is not set" in caplog.text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('otlp = "localhost:4318"', "'localhost:4318' is no address like http://127.0.0.1:4318"),
        ('headers = { "api key" = "x" }', "'api key' is no header"),
        ('signals = ["trace"]', "signals"),
        ("sample = 2", "sample"),
        ('oltp = "http://c"', "Did you mean 'otlp'?"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "labline.toml").write_text(f"[telemetry]\n{line}\n")
    with pytest.raises(BadSettings) as caught:
        Settings.load(tmp_path)
    assert said in str(caught.value)


def test_a_collector_is_asked_whether_it_takes_each_signal(free_port: int) -> None:
    with receiver() as got:
        said = telemetry.knock(otlp(otlp=got.url, headers={"api-key": "k"}))
        assert [(each.signal, each.ok, each.said) for each in said] == [
            ("traces", True, "taken"),
            ("metrics", True, "taken"),
            ("logs", True, "taken"),
        ]
        assert got.headers["/v1/logs"]["api-key"] == "k"
        assert (got.spans, got.wrong) == ([], [])
    (away,) = telemetry.knock(otlp(otlp=f"http://127.0.0.1:{free_port}", signals=["logs"]))
    assert not away.ok
    assert str(away).startswith(f"logs to http://127.0.0.1:{free_port}/v1/logs: ")


def test_a_collector_with_a_certificate_is_asked_as_its_authority_says(tmp_path: Path) -> None:
    make_issued(tmp_path)
    (tmp_path / "empty.pem").write_text("no certificate")
    with receiver(tls=tmp_path) as got:
        trusting = otlp({AUTHORITIES: str(tmp_path / "ca.pem")}, otlp=got.url)
        assert {(each.signal, each.said) for each in telemetry.knock(trusting)} == {
            ("traces", "taken"), ("metrics", "taken"), ("logs", "taken")
        }  # fmt: skip
        assert {each.ok for each in telemetry.knock(otlp(otlp=got.url))} == {False}
        with pytest.raises(Refused, match=r"empty.pem holds no certificates"):
            telemetry.knock(otlp({AUTHORITIES: str(tmp_path / "empty.pem")}, otlp=got.url))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give what is sent last as long as a busy machine takes to send it."""
    monkeypatch.setattr(sender, "_LAST", 60.0)


@pytest.mark.usefixtures("patient")
def test_the_worker_sends_to_a_collector_with_a_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a machine trusts in general does not win over what this collector is trusted by.
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    make_issued(tmp_path)
    with receiver(tls=tmp_path) as got:
        toml = f'[telemetry]\notlp = "{got.url}"\nauthorities = "ca.pem"\n'
        (tmp_path / "labline.toml").write_text(toml)
        with (
            telemetry.sending(Settings.load(tmp_path), "labline-worker"),
            telemetry.span("work"),
        ):
            pass
    assert [each.item.name for each in got.spans] == ["work"]


@pytest.mark.usefixtures("patient")
def test_the_figures_of_an_endpoint_are_gauges_that_have_its_name(tmp_path: Path) -> None:
    with receiver() as got:
        (tmp_path / "labline.toml").write_text(f'[telemetry]\notlp = "{got.url}"\n')
        with telemetry.sending(Settings.load(tmp_path), "labline-worker"):
            telemetry.gauge("labline.drift", 0.5, {"labline.endpoint": "flats", "column": "age"})
            telemetry.gauge("labline.drift", 0.7, {"labline.endpoint": "flats", "column": "age"})
            telemetry.gauge("labline.drift", 0.1, {"labline.endpoint": "flats", "column": "rooms"})
    (metric,) = [each.item for each in got.metrics if each.item.name == "labline.drift"]
    found = {plain(each.attributes)["column"]: each.as_double for each in metric.gauge.data_points}
    assert found == {"age": 0.7, "rooms": 0.1}


def test_authorities_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"of the collector are not there: .*none.pem") as caught:
        _ = otlp(authorities=tmp_path / "none.pem").variables("flats", {})
    assert AUTHORITIES in caught.value.fix


def test_releases_are_told_what_to_trust_and_how_much_to_trace(tmp_path: Path) -> None:
    make_issued(tmp_path)
    told = otlp(authorities=tmp_path / "ca.pem", traces_per_second=7).variables("flats", {})
    assert told[AUTHORITIES] == str(tmp_path / "ca.pem")
    assert told["LABLINE_TRACES_PER_SECOND"] == "7"
