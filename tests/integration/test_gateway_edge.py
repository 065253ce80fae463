"""What a real gateway does at its edge: TLS, access log, rates, limits, the metrics page."""

import json
from pathlib import Path

import httpx
import pytest
from tests import ports
from tests.certificates import make
from tests.platforms import Line, eventually, project

from labline.client import Client
from labline.deployment import send, trusted
from labline.errors import BadInput, Unreachable


@pytest.fixture
def line(tmp_path, free_port, leaves_nothing_running):
    with project(tmp_path, free_port) as made:
        yield made


@pytest.fixture
def metrics_port():
    # Not one that the system hands out: kernels of other tests are given those meanwhile.
    return ports.free_port()


def set_up(line: Line, gateway: str) -> None:
    """Set something of the gateway, and start the platform."""
    line.set(gateway)
    line.platform.up()


def ask(line: Line, key: str, **options) -> httpx.Response:
    url = f"http://127.0.0.1:{line.settings.gateway.port}/churn/predict"
    headers = {"Authorization": f"Bearer {key}", **options.pop("headers", {})}
    return httpx.post(url, headers=headers, content=b"[]", timeout=30, **options)


def logged(line: Line) -> list[dict]:
    path = line.platform.places.log("access")
    # The last one may be half there.
    whole = path.read_text().rpartition("\n")[0] if path.exists() else ""
    return [json.loads(each) for each in whole.splitlines()]


def test_limits_are_kept_and_everything_is_in_the_access_log_and_on_the_metrics_page(
    line, metrics_port
):
    set_up(
        line,
        f"metrics_port = {metrics_port}\nheaders = '4KiB'\n"
        "rates = { churn = { requests = 5, per = '1h' } }",
    )
    line.deploy(1)
    key = line.endpoints.issue_key("churn", 600)
    (issued,) = line.endpoints.list_keys("churn")

    answers = [ask(line, key, params={"secret": "x"}) for _ in range(8)]
    assert {answer.status_code for answer in answers} == {200, 429}
    last = answers[-1]
    assert last.status_code == 429
    assert last.headers["content-type"] == "application/problem+json"
    assert last.json()["title"] == "Too Many Requests"
    assert int(last.headers["retry-after"]) == 720
    open_ = f"http://127.0.0.1:{line.settings.gateway.port}/churn/livez"
    assert [httpx.get(open_).status_code for _ in range(8)] == [200] * 8
    assert ask(line, key, headers={"x-long": "y" * 5000}).status_code == 431

    lines = eventually(lambda: (found := logged(line)) and len(found) > 16 and found, 60)
    asked = [each for each in lines if each["path"] == "/churn/predict" and each["key"]]
    assert {each["status"] for each in asked} == {200, 429}
    served = next(each for each in asked if each["status"] == 200)
    assert (served["key"], served["release"], served["attempts"]) == (issued.id, "1", 1)
    assert served["instance"] == "release-1"
    assert "secret" not in line.platform.places.log("access").read_text()

    page = httpx.get(f"http://127.0.0.1:{metrics_port}/metrics").text
    assert "envoy_cluster_upstream_rq_completed" in page
    refused = (
        'envoy_http_local_rate_limit_rate_limited{envoy_local_http_ratelimit_prefix="churn"} 3'
    )
    assert refused in page
    for path in ("/", "/stats", "/quitquitquit", "/metrics/x", "/config_dump"):
        assert httpx.get(f"http://127.0.0.1:{metrics_port}{path}").status_code == 404
    assert httpx.post(f"http://127.0.0.1:{metrics_port}/metrics").status_code == 404


def test_a_full_access_log_is_begun_anew_while_requests_go_on(line):
    set_up(line, "access_log = { size = '64KiB', kept = 1 }")
    line.deploy(1)
    key = line.endpoints.issue_key("churn", 600)
    path = line.platform.places.log("access")
    older = path.with_name("access.log.1")

    def full() -> bool:
        ask(line, key, headers={"x-request-id": "z" * 2000})
        return older.exists()

    eventually(full, 60)
    ask(line, key, headers={"x-request-id": "after"})
    eventually(lambda: any(each["request_id"] == "after" for each in logged(line)), 60)
    assert older.stat().st_size >= 64 * 1024
    assert not path.with_name("access.log.2").exists()


def test_with_a_certificate_the_gateway_speaks_https_only(line):
    make(line.root)
    set_up(line, 'tls = { certificate = "cert.pem", key = "key.pem" }')
    line.deploy(1)
    url = line.endpoints.get("churn").url
    assert url.startswith("https://")
    key = line.endpoints.issue_key("churn", 600)
    assert send(f"{url}/predict", b"[]", key, trust=trusted(line.settings))["model"] == "churn/1"
    with Client(url, key, certificate=str(line.root / "cert.pem")) as client:
        assert client._http.post(f"{url}/predict", content=b"[]").json()["model"] == "churn/1"
    with Client(url, key, retries=0) as stranger, pytest.raises(Unreachable, match="CERTIFICATE"):
        stranger.predict([{"a": 1}])
    with pytest.raises(httpx.TransportError):
        ask(line, key)


@pytest.mark.parametrize("missing", ["cert.pem", "key.pem"])
def test_a_platform_whose_certificate_cannot_be_used_does_not_start(line, missing):
    make(line.root)
    Path(line.root / missing).write_text("nonsense")
    with pytest.raises(BadInput, match="cannot speak TLS"):
        set_up(line, 'tls = { certificate = "cert.pem", key = "key.pem" }')
    assert not line.platform.running


def test_rates_that_were_changed_hold_after_the_next_up(line):
    set_up(line, "")
    line.deploy(1)
    key = line.endpoints.issue_key("churn", 600)
    assert [ask(line, key).status_code for _ in range(10)] == [200] * 10
    set_up(line, "rate = { requests = 2, per = '1h' }")
    assert 429 in {ask(line, key).status_code for _ in range(10)}
