import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from labline.notebooks import cell_name


@pytest.mark.parametrize(
    ("above", "source", "name"),
    [
        ("## Fit the `model`", "model.fit(X, y)", "Fit the model"),
        ("## Fit", "# Train on all rows\nfit()", "Train on all rows"),
        ("no heading", "\nx = 1\ny = 2", "x = 1"),
        ("# t", "", "empty"),
        ("", "x = " + "1 + " * 40 + "1", "x = " + "1 + " * 13 + "1..."),
    ],
)
def test_a_cell_is_called_by_its_comment_its_heading_or_its_first_line(above, source, name):
    book = new_notebook(cells=[new_markdown_cell(above), new_code_cell(source)])
    assert cell_name(book, 1) == name


def test_a_cell_of_parameters_is_called_so():
    tagged = new_code_cell("a = 1", metadata={"tags": ["injected-parameters"]})
    assert cell_name(new_notebook(cells=[tagged]), 0) == "injected parameters"
