"""What all commands have in common: help, limits, and files that cannot be used."""

import pytest
from click.testing import CliRunner

from labline.cli.app import COMMANDS, labline_command, main


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / "labline.toml").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("group", ["", *(name for name in COMMANDS if name not in ("lab", "run"))])
def test_no_line_of_the_help_is_cut_off(group):
    found = CliRunner().invoke(labline_command, [*group.split(), "--help"])
    listed = found.output.partition("Commands:")[2]
    assert "..." not in listed


@pytest.mark.parametrize("name", ["runs", "jobs", "sweeps", "promotions", "monitor"])
def test_a_list_of_less_than_one_is_refused(name):
    found = CliRunner().invoke(labline_command, [name, "list", "-n", "0"])
    assert (found.exit_code, "0 is not in the range x>=1" in found.output) == (2, True)


def test_a_key_is_good_for_some_time():
    found = CliRunner().invoke(labline_command, ["keys", "issue", "churn", "--days", "-1"])
    assert (found.exit_code, "-1.0 is not in the range x>0" in found.output) == (2, True)


def test_a_file_that_cannot_be_written_is_named_without_a_traceback(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["ledger", "export", "-o", "no/such/ledger.jsonl"])
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert said.startswith("error: no/such/ledger.jsonl: No such file or directory.\n  fix: ")
