"""Which notebook it is, and what is kept of it."""

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from labline.errors import NotFound
from labline.kernel.notebook import built, locate, missing, snapshot


@pytest.fixture
def path(tmp_path: Path) -> Path:
    shown = new_output("stream", text="shown")
    cells = [
        new_markdown_cell("# title"),
        new_code_cell("x = 1\ny = 2", outputs=[shown]),
        new_code_cell("z = 3"),
    ]
    path = tmp_path / "nb.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture(autouse=True)
def _no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)


def test_nothing_tells_is_none() -> None:
    assert locate() is None


def test_a_jobs_word_comes_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LABLINE_NOTEBOOK", "/elsewhere/job.ipynb")
    assert locate(str(path)) == Path("/elsewhere/job.ipynb")


def test_jupyters_word_counts_while_the_file_is_there(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    assert locate() == path
    path.rename(path.with_name("renamed.ipynb"))
    assert locate() is None
    assert locate(str(path.with_name("renamed.ipynb"))) == path.with_name("renamed.ipynb")


def test_vs_codes_variable_is_understood(path: Path) -> None:
    assert locate(None, {"__vsc_ipynb_file__": str(path)}) == path


def test_a_notebook_that_is_not_there_is_said_so() -> None:
    with pytest.raises(NotFound, match=r"no\.ipynb"):
        locate("no.ipynb")


def test_a_snapshot_is_the_file_without_outputs(path: Path) -> None:
    document = snapshot(path, ["x = 1\ny = 2"])
    assert [cell["source"] for cell in document["cells"]] == ["# title", "x = 1\ny = 2", "z = 3"]
    assert "shown" not in json.dumps(document)
    nbformat.validate(nbformat.from_dict(document))


def test_a_recorded_cells_snapshot_ends_with_it(path: Path) -> None:
    document = snapshot(path, ["x = 1\ny = 2"], until_last=True)
    assert [cell["source"] for cell in document["cells"]] == ["# title", "x = 1\ny = 2"]
    assert len(snapshot(path, ["not there"], until_last=True)["cells"]) == 3


@pytest.mark.parametrize("content", ["", "{", "[]", '{"nbformat": 3}'])
def test_without_a_usable_file_it_is_built_from_the_cells(path: Path, content: str) -> None:
    path.write_text(content)
    document = snapshot(path, ["a = 1", "b = 2"])
    assert [cell["source"] for cell in document["cells"]] == ["a = 1", "b = 2"]
    nbformat.validate(nbformat.from_dict(document))


def test_what_is_not_saved_is_named() -> None:
    assert missing(built(["a = 1"]), ["a = 1\n", "b = 2"]) == ["b = 2"]
