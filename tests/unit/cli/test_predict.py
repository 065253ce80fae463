"""``labline predict``: what it takes, and what it says of what it does not take."""

import pytest
from click.testing import CliRunner

from labline.cli.app import labline_command
from labline.errors import BadInput
from labline.lab.serving import ServingDesk


@pytest.fixture(autouse=True)
def sent(tmp_path, monkeypatch):
    """Return the bodies that were sent."""
    bodies: list[bytes] = []

    def predict(desk, endpoint, body):
        bodies.append(body)
        return {"predictions": [1], "model": "flats/3"}

    monkeypatch.setattr(ServingDesk, "predict", predict)
    (tmp_path / "labline.toml").touch()
    monkeypatch.chdir(tmp_path)
    return bodies


def run(*arguments, piped=None):
    return CliRunner().invoke(labline_command, ["predict", "flats", *arguments], input=piped)


@pytest.mark.parametrize("body", [b'{"rows": [{"area": 1}]}', b'[{"area": 1, "area": 2}]'])
def test_a_file_has_rows_or_a_whole_body_and_goes_as_it_is_written(tmp_path, sent, body):
    (tmp_path / "rows.json").write_bytes(body)
    wanted = body if body.startswith(b"{") else b'{"rows": ' + body + b"}"
    assert run("rows.json").exit_code == 0
    assert run("-", piped=body).exit_code == 0
    assert sent == [wanted, wanted]


def test_a_file_that_is_not_there_is_named(tmp_path, sent):
    for wrong in ("rows.json", str(tmp_path)):
        found = run(wrong)
        assert (found.exit_code, wrong in found.output) == (2, True)
    assert not sent


def test_what_is_not_json_is_told_with_its_place(tmp_path, sent):
    (tmp_path / "rows.csv").write_text("area\n48\n")
    for arguments, source in ((("rows.csv",), "rows.csv"), (("--rows", "[1"), "--rows")):
        error = run(*arguments).exception
        assert isinstance(error, BadInput)
        assert error.message.startswith(f"{source} is not JSON: ")
        assert "labline batch" in error.fix
    assert not sent
