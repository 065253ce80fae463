"""``labline policy``: what it prints, and its exit codes."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from labline.cli.app import labline_command
from labline.cli.project import TEMPLATE
from labline.errors import BadSettings, NotFound
from labline.settings import Settings

SCHEMA = Path(__file__).parents[3] / "docs" / "reference" / "labline.schema.json"
GOOD = '[jobs]\ntimeout = "2h"\nmemory = "4GiB"\n[stages.prod]\ngates = ["signature", "mine"]\n'


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments):
    return CliRunner().invoke(labline_command, ["policy", *arguments])


def test_a_policy_that_can_be_used_is_told_so(project):
    (project / "labline.toml").write_text('[stages.prod]\ngates = ["signature"]\n')
    found = run("check")
    assert (found.exit_code, "can be used" in found.output) == (0, True)


def test_a_policy_with_faults_names_them_all_and_exits_with_2(project):
    file = project / "other.toml"
    file.write_text('[stages.prod]\ngates = ["signatur"]\n[jobs]\nconcurency = 3\n')
    found = run("check", "other.toml")
    assert found.exit_code == 2
    assert found.output.splitlines() == [
        "other.toml:2: stage 'prod' asks for the gate 'signatur', which is not installed. "
        "Did you mean 'signature'?",
        "other.toml:4: unknown key 'concurency'. Did you mean 'concurrency'?",
        "2 faults in other.toml.",
    ]
    told = json.loads(run("check", "other.toml", "--json").output)
    assert (told["ok"], [fault["line"] for fault in told["faults"]]) == (False, [2, 4])


def test_a_project_without_a_policy_is_told_how_to_get_one():
    with pytest.raises(NotFound, match="labline init"):
        raise run("check").exception


def test_what_a_stage_asks_is_printed_and_is_data(project):
    (project / "labline.toml").write_text('[stages.prod]\ngates = ["signature"]\n[stages.a]')
    assert "The model says what it takes and returns" in run("explain").output
    (told,) = json.loads(run("explain", "--stage", "prod", "--json").output)
    assert told["demands"][0]["by"] == "signature"


def test_the_schema_is_a_schema_and_the_published_one(project):
    run("schema", "-o", "labline.schema.json")
    made = project / "labline.schema.json"
    published = json.loads(SCHEMA.read_text())
    # Gates of one's own are proposed too.
    assert json.loads(made.read_text()).keys() == published.keys()
    for path in (made, SCHEMA):
        done = subprocess.run(
            [sys.executable, "-m", "check_jsonschema", "--check-metaschema", str(path)],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("text", "fits"), [
    (TEMPLATE.format(name="churn"), True),
    (GOOD, True),
    ('[stages.prod]\nmetric = { name = "auc", min = 0.7 }\nrollout = { every = 30 }', True),
    ('tracking_uri = "http://127.0.0.1:5000"', True),
    ("[gatway]\nport = 1", False),
    ("[gateway]\nport = 70000", False),
    ('[stages.prod]\nmetric = { name = "auc", min = "high" }', False),
    ("[stages.prod]\nmetric = { min = 0.7 }", False),
    ('[stages.prod]\ngate_timeout = "soon"', False),
    ('[jobs]\nmemory = "4 gigs"', False),
    ("[stages.prod]\nroot = 3", False),
    ('root = "elsewhere"', False),
])  # fmt: skip
def test_the_schema_takes_what_labline_takes(text, fits, project):
    schema = json.loads(SCHEMA.read_text())
    assert Draft202012Validator(schema).is_valid(tomllib.loads(text)) is fits
    (project / "labline.toml").write_text(text)
    if fits:
        Settings.load(project)
    elif "root =" not in text.partition("\n")[0]:
        with pytest.raises(BadSettings):
            Settings.load(project)
