from dataclasses import replace
from typing import Any

from nbformat.v4 import new_code_cell, new_notebook

from labline.lab.comparison import Kept, compare, replayed
from labline.records import Run

RUN = Run("a" * 32, "first", "churn", "FINISHED", 0.0, 1.0, {"C": "1"}, {"auc": 0.9}, {})


def kept(run: Run = RUN, *sources: str, digest: str = "", **packages: str) -> Kept:
    cells: list[dict[str, Any]] = [
        {"source": source, "outcome": "ok", "outputs_digest": digest} for source in sources
    ]
    data = {"name": "X", "rows": 3, "digest": "d" * 64}
    return Kept(
        run,
        {"cells": cells, "datasets": [data]},
        new_notebook(cells=[new_code_cell(source) for source in sources]),
        {"python": "3.12.1", "packages": packages},
    )


OTHER = replace(
    RUN, id="b" * 32, name="second", params={"C": "2", "<k>": "v"}, metrics={"auc": 0.8}
)


def test_runs_stand_side_by_side_with_what_differs():
    found = compare([kept(RUN, "C = 1", numpy="2.1"), kept(OTHER, "C = 2", numpy="2.2")])
    shown = {(row.kind, row.name): row.values for row in found.shown}
    assert shown == {
        ("metric", "auc"): ("0.9", "0.8"),
        ("param", "C"): ("1", "2"),
        ("param", "<k>"): ("", "v"),
        ("environment", "numpy"): ("2.1", "2.2"),
    }
    assert found.remark == "The same in all: 1 data sets, 1 environment facts."
    (change,) = found.cells[OTHER.id]
    assert change.lines == ("-C = 1", "+C = 2")
    assert "-C = 1" in repr(found)
    page = found._repr_html_()
    assert "&lt;k&gt;" in page
    assert "first → second" in page
    assert len(found.to_dict()["rows"]) == 6


def test_a_rerun_that_gives_the_same_is_the_same():
    rerun = kept(replace(RUN, id="c" * 32, metrics={"auc": 0.9 + 1e-12}), "fit()", digest="x")
    assert replayed(kept(RUN, "fit()", digest="x"), rerun, 1e-6).same


def test_a_rerun_names_metrics_and_cells_that_differ():
    before = kept(replace(RUN, metrics={"auc": 0.9, "loss": 1.0}), "fit()", "show()", digest="x")
    rerun = kept(replace(RUN, metrics={"auc": 0.8}), "fit()", "show()", digest="y")
    found = replayed(before, rerun, 1e-6)
    assert not found.same
    assert [(m.name, m.recorded, m.rerun) for m in found.metrics] == [
        ("auc", 0.9, 0.8),
        ("loss", 1.0, None),
    ]
    assert [item.cell for item in found.outputs] == [1, 2]
    assert found.to_dict()["same"] is False
