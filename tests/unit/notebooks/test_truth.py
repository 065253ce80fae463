from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labline.notebooks.truth import Truth, derive


def book(*sources: str) -> dict[str, Any]:
    """A notebook whose cells have the ids a, b, c ..."""
    cells = [new_code_cell(text, id=chr(97 + place)) for place, text in enumerate(sources)]
    return new_notebook(cells=cells)


def truth(notebook: dict[str, Any], *executed: str, earlier: tuple[str, ...] = ()) -> Truth:
    """Derive; an execution is written as its source, or as ``id|source``, ``!`` where it raised."""

    def cell(text: str) -> dict[str, Any]:
        id, _, source = text.rpartition("|")
        failed = source.startswith("!")
        outcome = "error" if failed else "ok"
        return {"source": source.lstrip("!"), "outcome": outcome, "cell_id": id}

    return derive(
        {"earlier": [cell(text) for text in earlier], "cells": [cell(text) for text in executed]},
        notebook,
    )


FIVE = ("import math", "rows = [3, 1, 2]", "rows.sort()", "best = rows[-1]", "print(best)")


def test_a_notebook_run_from_top_to_bottom_is_plain():
    found = truth(book(*FIVE), *FIVE)
    assert found.plain
    assert str(found) == ""


def test_a_cell_that_ran_after_one_below_it_ran_out_of_order():
    found = truth(book(*FIVE), FIVE[0], FIVE[1], FIVE[3], FIVE[2], FIVE[4])
    assert found.out_of_order == (3,)
    assert str(found) == "cell 3 ran out of order"


def test_what_counts_is_when_a_cell_ran_last():
    twice = truth(book(*FIVE), *FIVE, *FIVE)
    assert (twice.out_of_order, set(twice.repeated.values())) == ((), {2})
    again = truth(book(*FIVE), *FIVE, FIVE[1])
    assert (again.out_of_order, again.repeated) == ((2,), {2: 2})
    assert str(again) == "cell 2 ran out of order; cell 2 ran twice"


def test_what_the_kernel_ran_before_the_recording_counts():
    found = truth(book(*FIVE), *FIVE[:2], earlier=(FIVE[4],))
    assert found.out_of_order == (1, 2)
    assert found.skipped == (3, 4)


def test_an_edited_cell_is_known_by_its_id():
    found = truth(book("a = 1", "print(a)"), "a|a = 99 * 7 + 12", "b|print(a)")
    assert found.edited == (1,)
    assert str(found) == "cell 1 was edited after it ran"


def test_an_edited_cell_is_known_by_its_likeness_where_there_are_no_ids():
    found = truth(
        book("model = Ridge(alpha=0.1).fit(X, y)", "print(1)"),
        "model = Ridge(alpha=10).fit(X, y)",
        "print(1)",
    )
    assert (found.edited, found.deleted) == ((1,), ())


def test_a_cell_that_was_edited_and_ran_again_ran_twice():
    found = truth(book("seed = 1", "print(seed)"), "a|seed = 0", "a|seed = 1", "b|print(seed)")
    assert (found.edited, found.repeated) == ((), {1: 2})


def test_a_deleted_cell_is_named_by_its_first_line():
    found = truth(book(FIVE[0]), FIVE[0], "z|df = df.dropna()\ndf.head()")
    assert found.deleted == ("df = df.dropna()",)
    assert str(found) == "`df = df.dropna()` was deleted after running"


def test_switching_the_recording_on_and_off_elsewhere_is_nothing_that_was_deleted():
    assert truth(book("x = 1"), "%load_ext labline\n%record on", "x = 1", "%record off").plain
    assert truth(book("x = 1"), "%record on\ny = 2", "x = 1").deleted == ("%record on",)


def test_only_what_was_recorded_can_have_run_twice():
    assert truth(book(*FIVE), *FIVE, earlier=FIVE).plain


def test_equal_cells_are_matched_in_their_turn():
    found = truth(book("step()", "x = 1", "step()"), "step()", "x = 1", "step()")
    assert found.plain
    thrice = truth(book("step()", "x = 1", "step()"), "step()", "x = 1", "step()", "step()")
    assert thrice.repeated == {3: 2}


def test_cells_that_raised_are_passed_over():
    assert truth(book("x = 1"), "a|!x = 1 / 0", "a|x = 1").plain


def test_text_cells_count_and_blank_ones_need_not_run():
    notebook = new_notebook(
        cells=[new_markdown_cell("# Title"), new_code_cell(""), *book("x = 1", "y = 2").cells]
    )
    assert truth(notebook, "x = 1", "y = 2").plain
    assert truth(notebook, "y = 2", "x = 1").out_of_order == (3,)


def test_everything_is_told_in_one_line():
    found = Truth(out_of_order=(3, 5), edited=(4,), repeated={2: 3})
    assert str(found) == (
        "cells 3 and 5 ran out of order; cell 4 was edited after it ran; cell 2 ran 3 times"
    )
    assert found.to_dict()["says"] == str(found)
