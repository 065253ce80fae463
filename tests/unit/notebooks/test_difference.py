from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labline.notebooks.difference import cell_changes, output_changes


def book(*sources: str) -> dict[str, Any]:
    return new_notebook(cells=[new_code_cell(source) for source in sources])


def test_equal_notebooks_have_no_changes_whatever_their_ids_and_outputs():
    other = book("x = 1", "print(x)")
    other.cells[1].execution_count = 7
    assert cell_changes(book("x = 1", "print(x)"), other) == []


def test_a_changed_cell_shows_its_lines():
    (change,) = cell_changes(book("a = 1\nb = 2", "print(b)"), book("a = 1\nb = 3", "print(b)"))
    assert (change.kind, change.before, change.after) == ("changed", 1, 1)
    assert change.lines == (" a = 1", "-b = 2", "+b = 3")
    assert change.title == "cell 1 changed"


def test_cells_that_came_went_and_moved_are_told_apart():
    before = book("import math", "rows = load()", "model = fit(rows)", "print(model)")
    after = book("import math", "rows = load()", "rows = clean(rows)", "model = fit(rows, 2)")
    after.cells.insert(0, new_markdown_cell("# Title"))
    told = {(change.kind, change.before, change.after) for change in cell_changes(before, after)}
    assert ("added", None, 1) in told
    assert ("removed", 4, None) in told
    assert any(kind == "added" and after == 4 for kind, _, after in told)


def recording(*shown: tuple[str, str]) -> dict[str, Any]:
    return {
        "cells": [
            {"source": source, "outcome": "ok", "cell_id": "", "outputs_digest": digest}
            for source, digest in shown
        ]
    }


def test_outputs_are_compared_cell_by_cell_in_the_state_they_were_shown_last():
    notebook = book("x = 1", "print(x)", "%time f()")
    before = recording(("print(x)", "old"), ("x = 1", ""), ("print(x)", "d1"), ("%time f()", "t1"))
    after = recording(("x = 1", ""), ("print(x)", "d2"), ("%time f()", "t2"))
    (change,) = output_changes(before, after, notebook)
    assert (change.cell, change.source, change.before, change.after) == (2, "print(x)", "d1", "d2")
    same = recording(("x = 1", ""), ("print(x)", "d1"))
    assert output_changes(before, same, notebook) == []
