"""A recorded notebook, its truth, its replay and its comparison, with real kernels and MLflow."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from IPython.core.interactiveshell import InteractiveShell
from tests.conftest import write_notebook
from tests.integration.shells import shell  # noqa: F401

from labline.cli.app import Output, labline_command
from labline.errors import BadInput
from labline.lab import Lab
from labline.records import Run

CELLS = ("x = 1", "x = x * 10", "print('x is', x)", "%log score=x")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "labline.toml").write_text('[project]\nname = "truth"\n')
    return folder


@pytest.fixture
def record(project: Path, shell: InteractiveShell) -> Callable[..., Run]:  # noqa: F811
    """Return a function that records cells of a notebook, in the order given, as a run."""

    def record(name: str, *sources: str) -> Run:
        write_notebook(project / f"{name}.ipynb", *CELLS)
        shell.run_cell(f"%record on --run {name} --notebook {name}.ipynb").raise_error()
        for source in sources:
            shell.run_cell(source, store_history=True).raise_error()
        ended = shell.run_cell("%record off")
        ended.raise_error()
        found: Run = ended.result
        return found

    return record


def call(*words: str) -> tuple[int, Any]:
    result = CliRunner().invoke(labline_command, words, obj=Output())
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout


def test_a_run_tells_replays_and_compares(
    record: Callable[..., Run],
    shell: InteractiveShell,  # noqa: F811
    project: Path,
) -> None:
    fair = record("fair", *CELLS)
    twice = record("twice", CELLS[0], CELLS[1], "%log score=x+0", CELLS[1], CELLS[2])
    recorded = Lab.from_(project).recorded

    truth = recorded.truth(twice)
    assert truth is not None
    assert (
        str(truth)
        == "cells 2 and 3 ran out of order; cell 4 was edited after it ran; cell 2 ran twice"
    )
    code, text = call("runs", "show", twice.id, "--json")
    assert (code, json.loads(text)["truth"]["repeated"]) == (0, {"2": 2})
    assert "ran out of order" in call("runs", "show", twice.id)[1]

    code, text = call("runs", "replay", fair.id, "--json")
    assert code == 0, text
    answer = json.loads(text)
    assert (answer["same"], answer["metrics"], answer["outputs"]) == (True, [], [])

    code, text = call("runs", "replay", twice.id)
    assert code == 1
    assert "print('x is', x)" in text
    assert "cell 2 ran twice" in text

    code, text = call("runs", "compare", fair.id, twice.id, "--json")
    rows = {(row["kind"], row["name"]): row["values"] for row in json.loads(text)["rows"]}
    assert rows["metric", "score"] == ["10", "10"]
    with pytest.raises(BadInput, match="two different runs"):
        call("runs", "compare", fair.id, fair.id)
    compared = shell.run_line_magic("runs", f"--compare {fair.id} {twice.id[:8]}")
    assert compared.columns == ("fair", "twice")
    assert "<table" in compared._repr_html_()
