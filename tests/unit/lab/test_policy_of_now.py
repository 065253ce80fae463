"""A worker that has run for long goes by labline.toml as it is."""

from types import SimpleNamespace

import pytest

from labline.errors import Conflict
from labline.lab import Lab
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
