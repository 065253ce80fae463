import hashlib
import json
from pathlib import Path

import nbformat
import pytest

from labline.errors import BadNotebook, NotFound
from labline.notebooks import clear_outputs, html, parse, read, require_python, snapshot


def save(path, **metadata):
    cell = nbformat.v4.new_code_cell("1 + 1")
    cell.outputs = [nbformat.v4.new_output("stream", text="a line of <output>")]
    cell.execution_count = 4
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=metadata), path)
    return path


def test_a_missing_notebook_suggests_the_nearest_by_the_path_to_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for near, wrong in (("train.ipynb", "trian.ipynb"), ("sub/fit.ipynb", "sub/ift.ipynb")):
        Path(near).parent.mkdir(exist_ok=True)
        save(Path(near))
        with pytest.raises(NotFound, match=wrong) as missing:
            read(wrong)
        assert missing.value.fix == f"Did you mean {near!r}?"


def test_a_folder_is_no_notebook(tmp_path):
    with pytest.raises(BadNotebook, match="is a folder"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is empty"),
        (b"print(1)", "is not JSON"),
        (b"\xff\xfe\x00", "is not text"),
        (b"[1]", "not a notebook"),
        (b'{"a": 1}', "no 'nbformat'"),
        (b'{"nbformat": 4, "nbformat_minor": 5}', "valid notebook|cannot be read"),
        (b'{"nbformat": 99, "nbformat_minor": 0, "cells": [], "metadata": {}}', "n.ipynb"),
    ],
)
def test_what_is_no_notebook_is_told(tmp_path, content, why):
    path = tmp_path / "n.ipynb"
    path.write_bytes(content)
    with pytest.raises(BadNotebook, match=why):
        read(path)


def test_cells_without_ids_are_read(tmp_path):
    data = json.loads(save(tmp_path / "n.ipynb").read_text())
    del data["cells"][0]["id"]
    assert parse(json.dumps(data)).cells[0].source == "1 + 1"


def test_a_snapshot_keeps_bytes_and_digest(tmp_path):
    path = save(tmp_path / "n.ipynb")
    taken = snapshot(path)
    content = path.read_bytes()
    path.write_text("changed")
    assert taken.content == content
    assert taken.sha256 == hashlib.sha256(content).hexdigest()
    assert taken.notebook.cells[0].source == "1 + 1"


def test_only_python_is_run(tmp_path):
    require_python(read(save(tmp_path / "a.ipynb")))
    require_python(read(save(tmp_path / "b.ipynb", language_info={"name": "python"})))
    spec = {"name": "ir", "language": "R", "display_name": "R"}
    with pytest.raises(BadNotebook, match=r"train\.ipynb is a notebook of R;"):
        require_python(read(save(tmp_path / "c.ipynb", kernelspec=spec)), "train.ipynb")


def test_outputs_are_cleared_in_a_copy(tmp_path):
    given = read(save(tmp_path / "n.ipynb"))
    cleared = clear_outputs(given)
    assert (cleared.cells[0].outputs, cleared.cells[0].execution_count) == ([], None)
    assert given.cells[0].outputs


def test_the_report_shows_code_and_output(tmp_path):
    page = html(read(save(tmp_path / "n.ipynb")), "my run")
    assert "<title>my run</title>" in page
    assert "a line of &lt;output&gt;" in page
