"""A worker that has run for long goes by labline.toml as it is."""

import time
from types import SimpleNamespace

import pytest
from tests.platforms import eventually

from labline.deployment import predictions
from labline.errors import Conflict
from labline.lab import Lab, watching
from labline.lab.delivery import Delivery
from labline.lab.rolling import Rolling


def test_a_promotion_is_judged_by_the_gates_that_the_policy_has_now(tmp_path):
    policy = tmp_path / "labline.toml"
    policy.write_text('[stages.staging]\ngates = ["signature"]\n')
    lab = Lab.from_(tmp_path)
    policy.write_text('[stages.staging]\ngates = ["signature", "replay"]\n')
    stage = Delivery(lab)._promotions.settings.stage("staging")
    assert stage.gates == ("signature", "replay")


def test_a_rollout_goes_by_the_steps_that_the_policy_has_now(tmp_path):
    policy = tmp_path / "labline.toml"
    policy.write_text("[stages.prod]\n")
    lab = Lab.from_(tmp_path)
    flow = SimpleNamespace(publish=lambda *_: None, step=lambda *_: None)

    def begin(_, payload):
        raise InterruptedError(payload["canary"])

    rolling, payload = Rolling(lab, begin, None), {"stage": "prod", "endpoint": "churn"}
    with pytest.raises(Conflict, match="has no rollout here"):
        rolling.run(flow, payload)
    policy.write_text("[stages.prod.rollout]\nsteps = [7, 100]\n")
    with pytest.raises(InterruptedError, match="7"):
        rolling.run(flow, payload)


def test_what_follows_go_live_goes_by_the_file_as_it_is_now(tmp_path):
    policy = tmp_path / "labline.toml"
    policy.touch()
    lab = Lab.from_(tmp_path)
    assert lab.rules.monitor.every is None
    policy.write_text(
        '[monitor]\nevery = "1h"\n[retrain]\nnotebook = "a.ipynb"\n[jobs]\nconcurrency = 9\n'
    )
    assert lab.rules.monitor.every == 3600
    assert lab.rules.retrain.notebook == "a.ipynb"
    assert lab.rules.jobs.concurrency == lab.settings.jobs.concurrency
    release = SimpleNamespace(endpoint="churn", id="r")
    assert predictions.variables(lab.settings, release) == {"LABLINE_RECORDS": ""}
    policy.write_text("[monitor]\ncapture = true\n")
    assert predictions.variables(lab.settings, release)["LABLINE_RECORDS_ENDPOINT"] == "churn"


def test_endpoints_are_looked_at_once_the_policy_says_so(tmp_path, monkeypatch):
    policy = tmp_path / "labline.toml"
    policy.touch()
    lab, asked, said = Lab.from_(tmp_path), [], []
    monkeypatch.setattr(watching, "_SOON", 0.02)
    monkeypatch.setattr(watching, "_ask", lambda _, number: asked.append(number))
    monkeypatch.setattr(watching._log, "warning", lambda *told: said.append(told))
    with watching.beat(lab):
        time.sleep(0.1)
        assert not asked
        policy.write_text("[monitor]\nevery = 1e6\n")
        eventually(lambda: asked)
        policy.write_text("[monitor]\nevry = 1e6\n")
        eventually(lambda: said)
        time.sleep(0.1)
    assert len(asked) == len(said) == 1


def test_a_notice_is_sent_as_the_file_says_now_or_said_before(tmp_path):
    policy = tmp_path / "labline.toml"
    policy.write_text('[notify]\nwebhook = "https://a.example.org"\n')
    notices = Lab.from_(tmp_path).jobs.notices
    policy.write_text('[notify]\nwebhook = "https://b.example.org"\n')
    assert notices._wanted().webhook == "https://b.example.org"
    policy.write_text("[notify]\nwebhok = 1\n")
    assert notices._wanted().webhook == "https://a.example.org"
