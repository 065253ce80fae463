"""A promotion that rolls out itself: real MLflow, ledger, workflows and gateway."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from tests.platforms import Line, eventually, project

from labline import serving
from labline.lab import Lab
from labline.lab.followup import FollowUp
from labline.lab.serving import ServingDesk
from labline.promotion import Promotion
from labline.records import Bento
from labline.tracking import models

POLICY = """
[project]
name = "churn"

[gateway]
port = {port}

[stages.staging]
gates = ["signature"]

[stages.prod]
gates = ["signature"]
endpoint = "churn"
approvals = {{ required = 1 }}

[stages.prod.rollout]
steps = [100]
every = "1s"
"""
NUMBERS = pd.DataFrame(np.arange(12.0).reshape(6, 2), columns=["a", "b"])


@pytest.fixture
def line(tmp_path, free_port, leaves_nothing_running):
    with project(tmp_path, free_port) as made:
        (tmp_path / "labline.toml").write_text(POLICY.format(port=free_port))
        yield made


@pytest.fixture
def lab(line: Line, monkeypatch):
    """A lab whose Bentos are the little servers of :mod:`tests.platforms`."""
    made = Lab.from_(line.root)
    vars(made).update(platform=line.platform, endpoints=line.endpoints, database=line.database)

    def export(_: ServingDesk, reference: str) -> Bento:
        return Bento(f"x:{reference[-1]}", str(line.root), reference, reference[-1] * 64)

    def command(bento: Bento, _: Any, port: int):
        return line.serving(bento.model, bento.model_digest, "serve")(port)

    monkeypatch.setattr(ServingDesk, "export", export)
    monkeypatch.setattr(serving, "ensure_environment", lambda *_, **__: sys.executable)
    monkeypatch.setattr(serving, "boot_command", command)
    with made.worker():
        yield made
    made.workflows.close()


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("saved") / "model"
    fitted = Ridge().fit(NUMBERS, NUMBERS["a"])
    models.save(fitted, place, example=NUMBERS, requirements=["scikit-learn"])
    return place


def trained(lab: Lab, model: Path) -> str:
    """Return a run with a model."""
    run = lab.tracking.create_run("churn")
    lab.tracking.attach_model(run.id, model)
    lab.tracking.end_run(run.id)
    return run.id


def deployment(lab: Lab, promotion: Promotion):
    """Return the deployment that a promotion began, once it has ended."""
    found = FollowUp(lab)
    return eventually(
        lambda: (
            (state := found.state(promotion)) and state.state in ("succeeded", "failed") and state
        ),
        60,
    )


def told(lab: Lab, promotion: Promotion) -> list[str]:
    detail = lab.errands.promotions.look(promotion.id, actor="bob")
    return [moment.action for moment in detail.timeline]


def test_what_was_approved_is_deployed_and_the_promotion_tells_it(lab, line, model):
    line.platform.up()
    asked = lab.promote(trained(lab, model), to="prod", model="churn", actor="ada")
    assert (asked.state, asked.endpoint) == ("needs approval", "churn")
    assert FollowUp(lab).state(asked) is None

    done = lab.promotions.approve(asked.id, actor="bob")
    assert done.promoted
    assert deployment(lab, done).release.model == "churn/1"
    assert line.serves(1)
    assert told(lab, done) == [
        *("asked", "needs approval", "approved", "promoted", "began to deploy", "deployed"),
    ]
    row = lab.views.endpoints.rows()[0]
    assert (row.stage, row.registry, row.agreement) == ("prod", "churn/1", "agrees")

    second = lab.promote(trained(lab, model), to="prod", model="churn", actor="ada")
    second = lab.promotions.approve(second.id, actor="bob")
    state = deployment(lab, second)
    assert (state.kind, state.release.model) == ("rollout", "churn/2")
    assert line.serves(2)
    assert FollowUp(lab)._queue(second) == state.id, "begun once more it is the same one"


def test_a_promotion_stands_where_its_deployment_fails_and_says_why(lab, line, model):
    run = trained(lab, model)
    done = lab.promote(run, to="staging", model="fraud", deploy=True, actor="ada")
    assert (done.promoted, done.endpoint) == (True, "fraud")
    state = deployment(lab, done)
    assert state.state == "failed"
    assert "The platform is not up" in state.failure.message
    assert told(lab, done) == ["asked", "promoted", "began to deploy", "did not deploy"]
    detail = lab.errands.promotions.look(done.id, actor="bob")
    assert "labline up" in detail.timeline[-1].comment

    line.platform.up()
    line.deploy(1)
    asked = lab.promote(run, to="prod", model="fraud", actor="ada")
    state = deployment(lab, lab.promotions.approve(asked.id, actor="bob"))
    refused = "'churn' serves churn/1; a promotion of fraud/1 does not replace another model."
    assert state.failure.message == refused
    assert line.serves(1)
