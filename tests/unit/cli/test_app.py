"""What all commands have in common: help, limits, and files that cannot be used."""

import pytest
from click.testing import CliRunner

from labline.cli.app import COMMANDS, labline_command, main
from labline.errors import Interruption


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


def test_who_stops_waiting_is_told_what_becomes_of_the_work(monkeypatch, capsys):
    def wait(*_, **__):
        raise Interruption("Interrupted: it goes on.", fix="See it: labline jobs list")

    monkeypatch.setattr("labline.lab.Lab.runs", wait)
    with pytest.raises(SystemExit) as ended:
        main(["runs", "list"])
    assert ended.value.code == 130
    said = capsys.readouterr().err.strip()
    assert said == "Interrupted: it goes on.\n  See it: labline jobs list"


def test_who_stops_anything_else_is_told_so(monkeypatch, capsys):
    def wait(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("labline.lab.Lab.runs", wait)
    with pytest.raises(SystemExit) as ended:
        main(["runs", "list"])
    assert (ended.value.code, capsys.readouterr().err.strip()) == (130, "Interrupted.")
