import json
import math

import nbformat
import pytest

from labline.notebooks import (
    inject,
    injected_values,
    missing_secrets,
    reinject,
    secrets,
)

VALUES = {
    "a": 1,
    "b": 0.1,
    "c": "quote \" and ' and \n newline # = \\",
    "d": True,
    "e": None,
    "f": [1, "x", [2.5]],
    "g": {"k": {"n": None}, "m": "env:NOT_A_REFERENCE_HERE"},
    "h": math.inf,
    "i": -math.inf,
    "j": "__import__('os').system('false')",
}


def notebook() -> nbformat.NotebookNode:
    cells = [
        nbformat.v4.new_markdown_cell("# title"),
        nbformat.v4.new_code_cell("alpha = 1", metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell("print(alpha)"),
    ]
    return nbformat.v4.new_notebook(cells=cells)


def test_the_cell_comes_after_the_parameters_and_is_tagged_as_papermill_does():
    made = inject(notebook(), {"alpha": 2})
    assert [cell.metadata.get("tags") for cell in made.cells] == [
        None,
        ["parameters"],
        ["injected-parameters"],
        None,
    ]
    assert made.cells[2].source == "# Parameters\nalpha = 2"


def test_every_value_comes_back_as_it_was():
    made = inject(notebook(), VALUES)
    namespace: dict[str, object] = {}
    exec(made.cells[2].source, namespace)
    assert {name: namespace[name] for name in VALUES} == VALUES


def test_not_a_number_stays_one():
    namespace: dict[str, float] = {}
    exec(inject(notebook(), {"x": math.nan}).cells[2].source, namespace)
    assert math.isnan(namespace["x"])


def test_the_made_notebook_is_strict_json_and_valid():
    made = inject(notebook(), {**VALUES, "x": math.nan})
    nbformat.validate(made)
    json.loads(nbformat.writes(made), parse_constant=pytest.fail)


def test_the_given_notebook_is_left_as_it_was():
    given = notebook()
    inject(given, {"alpha": 2})
    assert len(given.cells) == 3


def test_injecting_again_replaces_the_cell():
    made = inject(inject(notebook(), {"alpha": 2}), {"alpha": 3})
    assert [cell.source for cell in made.cells][2:] == ["# Parameters\nalpha = 3", "print(alpha)"]
    assert injected_values(made) == {"alpha": 3}


def test_the_same_values_make_the_same_bytes():
    given = notebook()
    assert nbformat.writes(inject(given, VALUES)) == nbformat.writes(inject(given, VALUES))


def test_a_reference_is_read_when_the_notebook_runs(monkeypatch):
    monkeypatch.setenv("LABLINE_TEST_TOKEN", "s3cret")
    made = inject(notebook(), {"token": "env:LABLINE_TEST_TOKEN"})
    assert "s3cret" not in nbformat.writes(made)
    namespace: dict[str, object] = {}
    exec(made.cells[2].source, namespace)
    assert namespace["token"] == "s3cret"


def test_missing_variables_are_told():
    values = {"a": "env:HERE", "b": "env:AWAY", "c": "environment: none", "d": 1}
    assert secrets(values) == ["AWAY", "HERE"]
    assert missing_secrets(values, {"HERE": ""}) == ["AWAY"]


def test_a_cell_that_papermill_injected_is_rewritten_with_references():
    made = inject(notebook(), {"token": "x"})
    made.cells[2].source = '# Parameters\ntoken = "env:TOKEN"\n'
    reinject(made, {"token": "env:TOKEN"})
    assert 'environ["TOKEN"]' in made.cells[2].source
