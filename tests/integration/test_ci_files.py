"""CI files: their schemas, and their commands, run in a git repository of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from tests.conftest import write_notebook

from labline.cli.app import labline_command
from labline.errors import BadInput, BadParameter, Conflict, NotFound
from labline.lab import Lab
from labline.lab.pipeline import Line

SCHEMA = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}
TRAIN = """
import pandas as pd
from sklearn.linear_model import Ridge
rows = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [2.0, 1.0, 4.0, 3.0]})
model = Ridge(alpha=alpha).fit(rows, rows["a"])
r2 = model.score(rows, rows["a"])
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    (root / "labline.toml").write_text(
        '[project]\nname = "ci"\n[stages.staging]\ngates = ["signature"]\n'
    )
    cells = ("%load_ext labline", TRAIN, "%log r2 --model model --data rows")
    write_notebook(root / "train it.ipynb", *cells, parameters="alpha: float = 1.0")
    subprocess.run(["git", "init", "-q", root], check=True)
    return root


def write(project: Path, kind: str, **more: Any) -> Any:
    asked = [(project / "train it.ipynb", {"alpha": "0.5"})]
    return Lab.from_(project).pipelines.write(kind, asked, **more)


@pytest.mark.parametrize("promotion", [None, Line("best:r2", "staging", "it")])
@pytest.mark.parametrize("kind", SCHEMA)
def test_the_file_keeps_its_systems_schema(
    project: Path, tmp_path: Path, kind: str, promotion: Line | None
) -> None:
    file = tmp_path / "ci.yml"
    file.write_text(write(project, kind, promotion=promotion).text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", SCHEMA[kind], file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_commands_of_a_workflow_run_judge_comment_and_promote(
    project: Path, tmp_path: Path
) -> None:
    made = yaml.safe_load(write(project, "github", promotion=Line("best:r2", "staging")).text)
    steps = {step["name"]: step for step in made["jobs"]["line"]["steps"] if "name" in step}
    assert steps["Judge"]["if"] == "github.event_name == 'pull_request'"
    assert steps["Promote"]["if"] == "github.event_name == 'push'"
    said = tmp_path / "said"
    gh = tmp_path / "gh"
    gh.write_text(f'#!/bin/sh\ncat "$5" > {said}\n')
    gh.chmod(0o755)
    _shell(project, steps["Run train it.ipynb"]["run"], tmp_path)
    assert list((project / "build/labline").glob("*.xml"))
    # The first command has borrowed a worker: one here spares the others theirs.
    lab = Lab.from_(project)
    with lab.worker():
        _shell(project, steps["Judge"]["run"], tmp_path)
        comment = steps["Comment"]["run"].replace("${{ github.event.number }}", "7")
        _shell(project, comment, tmp_path)
        assert "staging" in said.read_text()
        assert lab.tracking.registry.models() == []
        _shell(project, steps["Promote"]["run"], tmp_path)
    assert lab.version("ci@staging").version == 1


def test_the_scripts_of_a_pipeline_are_those_commands(project: Path) -> None:
    line = Line("best:r2", "staging")
    made = yaml.safe_load(write(project, "gitlab", promotion=line, branch="trunk").text)
    steps = yaml.safe_load(write(project, "github", promotion=line).text)["jobs"]["line"]["steps"]
    runs = {step["name"]: step["run"] for step in steps if "run" in step}
    train, judge, promote = (runs[name] for name in ("Run train it.ipynb", "Judge", "Promote"))
    assert made["labline-request"]["script"] == [train, judge]
    assert made["labline-merge"]["script"] == [train, promote]
    assert made["labline-merge"]["rules"] == [{"if": '$CI_COMMIT_BRANCH == "trunk"'}]


def _shell(project: Path, command: str, tools: Path) -> None:
    path = f"{tools}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=project,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_writes_the_file_once(project: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(project)

    def type_(*words: str) -> str:
        done = CliRunner().invoke(labline_command, ["ci", *words], standalone_mode=False)
        if done.exception:
            raise done.exception
        return done.output

    asked = ("github", "train it.ipynb", "-p", "alpha", "2")
    assert "labline run 'train it.ipynb' -p alpha 2" in type_(*asked, "--print")
    assert "labline.yml: commit it." in type_(*asked)
    type_(*asked)
    with pytest.raises(Conflict, match="--replace"):
        type_("github", "train it.ipynb", "-p", "alpha", "3")
    type_("github", "train it.ipynb", "-p", "alpha", "3", "--replace")
    data = json.loads(type_("gitlab", "train it.ipynb", "--json"))
    assert data["path"] == ".gitlab-ci.yml"
    assert (project / ".gitlab-ci.yml").read_text() == data["text"]


def test_what_cannot_be_written_is_bad_input(project: Path, tmp_path: Path) -> None:
    desk = Lab.from_(project).pipelines
    book = project / "train it.ipynb"
    outside = write_notebook(tmp_path / "out.ipynb", "1")
    with pytest.raises(BadInput, match="'jenkins'"):
        desk.write("jenkins", [(book, {})])
    with pytest.raises(BadParameter, match="alpah"):
        desk.write("github", [(book, {"alpah": "1"})])
    with pytest.raises(BadInput, match="is not in the project"):
        desk.write("github", [(outside, {})])
    with pytest.raises(NotFound, match="'stagin'"):
        desk.write("github", [(book, {})], promotion=Line("best:r2", "stagin"))
    for word in ("${{ secrets.KEY }}", "a\nb"):
        with pytest.raises(BadInput, match="cannot be written into a CI file"):
            desk.write("github", [(book, {})], promotion=Line(word, "staging"))
