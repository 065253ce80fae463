from __future__ import annotations

import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from labline.errors import Failed
from labline.jobs import manager
from labline.jobs.manager import Saving


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.ipynb"


@pytest.fixture
def saving(path: Path) -> Saving:
    cells = [new_code_cell("1"), new_code_cell("2")]
    made = Saving(new_notebook(cells=cells), path)
    made.notebook_start()
    return made


def shown(path: Path) -> list[int]:
    """Return of how many outputs each cell tells in the file."""
    return [len(cell.outputs) for cell in nbformat.read(path, 4).cells]


def run_cell(saving: Saving, index: int) -> None:
    cell = saving.nb.cells[index]
    saving.cell_start(cell, cell_index=index)
    cell.outputs = [new_output("stream", text="said")]
    saving.cell_complete(cell, cell_index=index)


def test_short_cells_share_a_write_and_the_end_is_always_written(
    saving: Saving, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "_APART", 60)
    run_cell(saving, 0)
    run_cell(saving, 1)
    assert shown(path) == [0, 0]
    saving.notebook_complete()
    assert shown(path) == [1, 1]


def test_what_a_cell_showed_is_written_while_a_long_one_follows(saving: Saving, path: Path) -> None:
    run_cell(saving, 0)
    saving.cell_start(saving.nb.cells[1], cell_index=1)
    until = time.monotonic() + 10
    while shown(path) == [0, 0] and time.monotonic() < until:
        saving.settle()
        time.sleep(0.02)
    assert shown(path) == [1, 0]
    before = path.stat().st_mtime_ns
    time.sleep(2 * manager._APART)
    saving.settle()
    assert path.stat().st_mtime_ns == before


def test_a_write_that_fails_while_a_cell_runs_is_told_when_it_has_run(
    saving: Saving, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "_APART", 0)
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("a file where the folder was")
    with pytest.raises(Failed, match="cannot be written"):
        saving.cell_start(saving.nb.cells[0], cell_index=0)
    saving.settle()
    with pytest.raises(Failed, match="cannot be written"):
        saving.cell_complete(saving.nb.cells[0], cell_index=0)
