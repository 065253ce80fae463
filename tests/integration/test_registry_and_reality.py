"""What the registry names, beside what real instances say behind a real gateway."""

import json
import os
import signal

import pytest
from tests.platforms import project

from labline.cli import main
from labline.lab import Lab
from labline.tracking.registry import Registry


@pytest.fixture
def line(tmp_path, free_port, leaves_nothing_running, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with project(tmp_path, free_port) as made:
        made.platform.up()
        yield made


@pytest.fixture
def holder(monkeypatch):
    """Stand in for MLflow's answer, which tests/integration/test_tracking.py asks for."""
    held = {"prod": 1}
    monkeypatch.setattr(Registry, "holders", lambda *_: held)
    return held


def test_after_a_rollback_every_surface_says_that_the_stage_names_another_version(
    line, holder, capsys
):
    line.deploy(1)
    line.endpoints.follow("churn", "prod")
    lab = Lab(line.settings)

    def says(*command: str) -> str:
        capsys.readouterr()
        with pytest.raises(SystemExit):
            main(command)
        return capsys.readouterr().out

    def row():
        return lab.views.endpoints.rows()[0]

    assert (row().registry, row().agreement) == ("churn/1", "agrees")

    line.deploy(2, instances=2)
    holder["prod"] = 2
    assert (row().registry, row().agreement, row().serving) == ("churn/2", "agrees", "churn/2")

    line.endpoints.rollback("churn", actor="bob", key="back")
    assert (row().stage, row().registry, row().agreement) == ("prod", "churn/2", "differs")
    assert [each.serving for each in row().instances] == ["churn/1"]

    shown = says("endpoints")
    assert "prod is churn/2 in the registry; the endpoint serves churn/1." in shown
    assert "labline promote churn/1 --to prod" in shown
    shown = says("status")
    assert "differs: prod is churn/2" in shown
    (found,) = json.loads(says("endpoints", "--json"))
    assert (found["agreement"], found["instances"][0]["serving"]) == ("differs", "churn/1")
    lab.database.close()


def test_an_endpoint_whose_instance_is_dead_is_told_so(line, holder):
    line.deploy(1, mood="serve")
    line.endpoints.follow("churn", "prod")
    lab = Lab(line.settings)
    (instance,) = lab.endpoints.get("churn").instances
    os.kill(line.platform.control.pid, signal.SIGSTOP)  # nobody starts it again
    try:
        os.kill(instance.pid, signal.SIGKILL)
        row = lab.views.endpoints.rows()[0]
    finally:
        os.kill(line.platform.control.pid, signal.SIGCONT)
    lab.database.close()
    assert row.agreement == "silent"
    assert row.says == "No instance answers; recorded is churn/1."
