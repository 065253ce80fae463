"""The promotion diff: from recorded facts to one document, and from that to every surface."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from labline.promotion import Outcome, Promotion, Verdict
from labline.promotion.comparison import compare
from labline.promotion.diff import Diff, Figure, Side, Table, between, of_promotion
from labline.records import Run

NASTY = "<script>alert(1)</script> | `x` @all"


def side(label: str, r2: float, **more: Any) -> Side:
    run = Run("f" * 32, "owl", "churn", "FINISHED", 0.0, 1.0, {"alpha": f"{r2}"}, {"r2": r2}, {})
    given: dict[str, Any] = {
        "signature": {"inputs": [{"name": "a", "type": "double"}], "outputs": []},
        "requirements": ("numpy==2.0", "pandas==2.2"),
        "notebook": {"cells": [{"cell_type": "code", "source": f"r2 = {r2}"}]},
        "datasets": ({"name": "X", "rows": 5, "digest": label, "columns": []},),
        **more,
    }
    return Side(label, run, **given)


HOLDOUT = {
    "rows": [{"a": float(n), "kind": "ab"[n % 2]} for n in range(40)],
    "labels": [float(n) for n in range(40)],
    "predictions": [n + (n % 3) / 10 for n in range(40)],
}
RIVAL = {"predictions": [n + (n % 3) for n in range(40)]}
COMPARED = compare(HOLDOUT, RIVAL, {"r2": 0.9})
REFUSED = Verdict(
    "metric", Outcome.FAILED, f"r2 is 0.7. {NASTY}", "Train.",
    {"metric": "r2", "bound": 0.8},
)  # fmt: skip


def promotion(*verdicts: Verdict, **changes: Any) -> Promotion:
    made = Promotion(
        "abcdef0123", "churn", 3, "f" * 32, "prod", "ada", verdicts, "churn/2", {}, {}, True,
        False, comparison=COMPARED.to_dict(),
    )  # fmt: skip
    return replace(made, **changes)


PASSED = Verdict("signature", Outcome.PASSED, "1 inputs, 1 outputs")
NEWER = {
    "signature": {"inputs": [{"name": "a", "type": "long"}, {"name": NASTY, "type": "string"}]},
    "requirements": ("numpy==2.1", "scipy==1.15"),
}


@pytest.fixture
def diff() -> Diff:
    candidate = side("churn/3", 0.9, **NEWER)
    return of_promotion(promotion(PASSED, REFUSED), candidate, side("churn/2", 0.8))


def table(diff: Diff, id: str) -> list[list[str]]:
    (section,) = [item for item in diff.sections if item.id == id]
    found = [block for block in section.blocks if isinstance(block, Table)]
    return [[cell.text for cell in row] for row in found[0].rows]


def test_the_gate_that_refuses_comes_first_with_its_reason(diff: Diff) -> None:
    assert diff.outcome == "failed"
    assert diff.headline.startswith("It would be refused by metric: r2 is 0.7.")
    assert diff.sections[0].id == "gates"
    assert [row[0] for row in table(diff, "gates")] == ["metric", "signature"]


def test_signature_dependencies_parameters_and_data_are_told_by_what_differs(diff: Diff) -> None:
    assert table(diff, "signature") == [
        ["input", NASTY, "", "string"], ["input", "a", "double", "long"],
    ]  # fmt: skip
    assert table(diff, "dependencies") == [
        ["numpy", "2.0", "2.1"], ["pandas", "2.2", ""], ["scipy", "", "1.15"],
    ]  # fmt: skip
    assert table(diff, "params") == [["alpha", "0.8", "0.9"]]
    assert table(diff, "data")[0][0] == "X"
    assert {item.id: item.summary for item in diff.sections}["cells"] == "1 cell differs"


def test_metrics_have_intervals_slices_and_a_figure_with_the_limit(diff: Diff) -> None:
    (section,) = [item for item in diff.sections if item.id == "metrics"]
    assert section.summary == "r2 better"
    held_out = section.blocks[1]
    assert isinstance(held_out, Table)
    assert "same 40 held-out rows" in held_out.caption
    assert [row[0].text for row in held_out.rows] == ["r2", "r2: kind = a", "r2: kind = b"]
    assert [row[-1].text for row in held_out.rows] == ["better"] * 3
    (figure,) = [block for block in section.blocks if isinstance(block, Figure)]
    assert (figure.limit, len(figure.rows)) == (0.8, 3)
    assert [point.name for point in figure.rows[0].marks] == ["champion", "candidate"]


def test_the_json_is_whole_and_of_the_kinds_that_front_ends_know(diff: Diff) -> None:
    data = json.loads(json.dumps(diff.to_dict(), allow_nan=False))
    kinds = {block["kind"] for item in data["sections"] for block in item["blocks"]}
    assert kinds == {"text", "table", "code", "figure"} - {"text"}
    (figure,) = [b for s in data["sections"] for b in s["blocks"] if b["kind"] == "figure"]
    assert figure["svg"].startswith("<svg ")
    assert "champion 0.9" in figure["alt"]


def test_html_escapes_everything_and_keeps_to_the_theme(diff: Diff) -> None:
    page = diff._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<style" not in page
    assert page.count("<details") == page.count("</details>")


def test_markdown_calls_nobody_and_breaks_no_table(diff: Diff) -> None:
    text = diff.to_markdown()
    assert "@all" not in text
    assert "<script>" not in text
    assert text.startswith("## ❌ churn/3 → prod versus churn/2")
    rows = [line for line in text.splitlines() if line.startswith("| metric | ❌")]
    assert len(rows) == 1
    assert rows[0].replace("\\|", "").count("|") == 5
    assert "```diff\n-r2 = 0.8\n+r2 = 0.9\n```" in text


def test_markdown_that_is_too_long_is_cut_where_it_does_no_harm() -> None:
    long = {"cells": [{"cell_type": "code", "source": "\n".join(map(str, range(20_000)))}]}
    found = between(side("a/2", 0.9, notebook=long), side("a/1", 0.9), None).to_markdown()
    assert len(found) < 65_536
    assert found.count("```") % 2 == 0
    assert found.count("<details>") == found.count("</details>")
    assert "Cut here" in found


def test_the_first_candidate_is_shown_without_empty_columns() -> None:
    found = of_promotion(promotion(PASSED, champion=None), side("churn/3", 0.9), None)
    assert found.headline == "It would hold prod: 1 gate passed."
    assert "which no model holds yet" in found.title
    assert table(found, "dependencies") == [["numpy", "2.0"], ["pandas", "2.2"]]
    assert table(found, "metrics") == [["r2", "0.9"]]


def test_two_models_that_are_alike_do_not_differ() -> None:
    found = between(side("a", 0.9), side("a", 0.9), None)
    assert "They differ in metrics." in found.headline or "do not differ" in found.headline
    assert {item.summary for item in found.sections} <= {"the same", ""}
