"""What is saved with a model beside what MLflow's own schema holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.ensemble import HistGradientBoostingRegressor

from labline.tracking import models


def save(folder: Path, table: pd.DataFrame) -> None:
    model = HistGradientBoostingRegressor(max_iter=2, categorical_features=[0])
    models.save(model.fit(table, range(len(table))), folder, example=table, requirements=[])


def test_the_categories_of_a_column_are_saved_in_their_order(tmp_path: Path) -> None:
    town = pd.Categorical(["Bern", "Oslo", "Bern"], categories=["Oslo", "Rome", "Bern"])
    save(tmp_path / "model", pd.DataFrame({"town": town, "age": [1.0, 2.0, 3.0]}))
    found = yaml.safe_load((tmp_path / "model" / "MLmodel").read_text())
    assert found["metadata"] == {models.CATEGORIES: {"town": ["Oslo", "Rome", "Bern"]}}


def test_without_categories_nothing_is_added(tmp_path: Path) -> None:
    save(tmp_path / "model", pd.DataFrame({"town": [0, 1, 1], "age": [1.0, 2.0, 3.0]}))
    assert not yaml.safe_load((tmp_path / "model" / "MLmodel").read_text()).get("metadata")


def test_categories_that_json_cannot_name_are_refused_with_a_way_out(tmp_path: Path) -> None:
    bins = pd.cut(np.array([1.0, 5.0, 9.0]), 3)
    with pytest.raises(
        models.NoSignature, match=r"categories of column 'bin' are interval"
    ) as caught:
        save(tmp_path / "model", pd.DataFrame({"bin": bins, "age": [1.0, 2.0, 3.0]}))
    assert 'data["bin"].astype(str).astype("category")' in caught.value.fix
