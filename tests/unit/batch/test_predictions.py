"""What a model gives, as Arrow columns; and how workers differ."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from labline.batch import crew, predictions
from labline.errors import Failed


def kinds(given, rows=2):
    return {name: str(array.type) for name, array in predictions.columns(given, rows).items()}


def test_a_plain_array_is_one_column() -> None:
    assert kinds(np.array([1.0, 2.0])) == {"prediction": "double"}
    assert kinds(np.array([[1], [2]])) == {"prediction": "int64"}


def test_several_values_a_row_are_a_list_of_fixed_size() -> None:
    assert kinds(np.zeros((2, 3))) == {"prediction": "fixed_size_list<item: double>[3]"}


def test_a_table_keeps_its_names() -> None:
    table = pd.DataFrame({"low": [1, 2], "high": [3.0, 4.0]})
    assert kinds(table) == {"low": "int64", "high": "double"}


def test_words_of_which_none_is_known_are_words() -> None:
    assert kinds(np.array([None, None], dtype=object)) == {"prediction": "string"}


def test_a_model_that_gives_too_few_is_told_so() -> None:
    with pytest.raises(Failed, match="It gave 1 predictions for 2 rows"):
        predictions.columns(np.array([1.0]), 2)


def test_what_has_no_form_in_arrow_is_told_so() -> None:
    with pytest.raises(Failed, match="'prediction', has no form in Arrow"):
        predictions.columns([object(), object()], 2)


def test_workers_that_are_the_same_have_no_differences() -> None:
    mine = crew.facts(["labline"])
    assert crew.differences(mine, {"tcp://a": mine}) == ""
    assert pa.__version__ == crew.facts(["pyarrow"])["pyarrow"]


def test_workers_that_differ_are_named_with_what_differs() -> None:
    mine = {"Python": "3.11", "numpy": "2.4"}
    told = crew.differences(
        mine, {"tcp://a": {"Python": "3.12", "numpy": "2.4"}, "tcp://b": ImportError("none")}
    )
    assert told == "tcp://a has Python 3.12 for 3.11; tcp://b cannot import labline (none)"
