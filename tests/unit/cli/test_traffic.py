"""What ``labline deploy`` and ``labline traffic`` take."""

import pytest
from click.testing import CliRunner

from labline.cli.app import labline_command


@pytest.fixture(autouse=True)
def in_a_project(tmp_path, monkeypatch):
    (tmp_path / "labline.toml").touch()
    monkeypatch.chdir(tmp_path)


def test_a_deployment_without_a_share_is_none_on_trial():
    found = CliRunner().invoke(labline_command, ["deploy", "penguins"])
    assert "The platform is not up." in str(found.exception)


@pytest.mark.parametrize("share", ["0", "100", "ten"])
def test_a_share_is_a_percent_from_1_to_99(share):
    for command in (("deploy", "penguins", "--canary", share), ("traffic", "shift", "p", share)):
        found = CliRunner().invoke(labline_command, command)
        assert found.exit_code == 2
        assert share in found.output


def test_a_candidate_is_a_canary_or_a_shadow():
    found = CliRunner().invoke(
        labline_command, ["deploy", "penguins", "--canary", "10", "--shadow"]
    )
    assert found.exit_code == 2
    assert "one after the other" in found.output
