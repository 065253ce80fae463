"""Held-out rows as JSON has them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from labline.tracking import holdout

TABLE = pd.DataFrame(
    {
        "n": [1, 2],
        "x": [0.5, np.nan],
        "word": ["a", None],
        "yes": [True, False],
        "day": pd.to_datetime(["2026-01-01", None]),
    }
)


def test_tables_become_rows_and_what_is_no_value_null() -> None:
    assert holdout.plain(TABLE) == [
        {"n": 1, "x": 0.5, "word": "a", "yes": True, "day": "2026-01-01T00:00:00"},
        {"n": 2, "x": None, "word": None, "yes": False, "day": None},
    ]
    assert holdout.plain(np.arange(4.0).reshape(2, 2)) == [[0.0, 1.0], [2.0, 3.0]]


def test_a_thousand_rows_spread_evenly_are_kept_with_predictions_and_labels(tmp_path: Path) -> None:
    rows = pd.DataFrame({"a": np.arange(5000.0)})
    model = LinearRegression().fit(rows, rows["a"] * 2)
    path = holdout.write(model, rows, tmp_path / "holdout.json", rows["a"])
    assert path is not None
    kept = json.loads(path.read_text())
    assert [row["a"] for row in kept["rows"]] == [float(n) for n in range(0, 5000, 5)]
    assert (kept["of"], kept["labels"][1]) == (5000, 5.0)
    assert kept["predictions"][1] == pytest.approx(10.0)


def test_rows_that_have_no_form_in_json_are_not_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pd.DataFrame({"a": [1.0, 2.0]})

    class Odd(LinearRegression):  # type: ignore[misc]
        def predict(self, rows: pd.DataFrame) -> list[object]:
            return [object() for _ in range(len(rows))]

    assert holdout.write(Odd(), rows, tmp_path / "h.json") is None
    assert "object has no form in JSON" in capsys.readouterr().err
