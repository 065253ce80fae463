"""Preflight: what is said of a model that cannot be served."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from labline.errors import Refused
from labline.serving.model_folder import ModelFolder
from labline.tracking.models import CATEGORIES

COLUMN = {"type": "double", "name": "x", "required": True}


def write(folder: Path, inputs: Any = (COLUMN,), **changes: Any) -> Path:
    signature = {"inputs": json.dumps(list(inputs)), "outputs": None, "params": None}
    meta = {
        "flavors": {
            "python_function": {"loader_module": "mlflow.sklearn", "python_version": "3.12.4"}
        },
        "mlflow_version": "3.17.2",
        "signature": signature,
    }
    (folder / "MLmodel").write_text(yaml.safe_dump(meta | changes))
    return folder


def test_the_facts_of_a_good_model(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "requirements.txt").write_text(
        "--extra-index-url https://user:secret@host/simple\n# note\nnumpy==2.4.6  # why\n\n"
    )
    (tmp_path / "serving_input_example.json").write_text(
        '{"dataframe_split": {"columns": ["x"], "data": [[1.5], [NaN], [3], [4], [5], [6]]}}'
    )
    facts = ModelFolder.read(tmp_path, "m/1")
    assert facts.requirements == ("numpy==2.4.6",)
    assert facts.example == {"rows": [{"x": x} for x in (1.5, None, 3, 4, 5)]}
    assert (facts.python, facts.loader, facts.inputs) == ("3.12", "mlflow.sklearn", (COLUMN,))


def test_categories_are_facts_of_their_columns(tmp_path: Path) -> None:
    town, size = ({"type": "string", "name": name, "required": True} for name in ("town", "size"))
    folder = write(tmp_path, [town, size], metadata={CATEGORIES: {"town": ["Oslo", "Bern"]}})
    facts = ModelFolder.read(folder, "m/1")
    assert facts.inputs == (town | {"categories": ["Oslo", "Bern"]}, size)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([], "has no signature"),
        ([{"type": "double"}], "a column without a name"),
        ([{"type": "array", "name": "x", "items": {"type": "any"}}], "x has the type 'any'"),
        ([{"type": "map", "name": "x", "values": {"type": "sparse"}}], "x has the type 'sparse'"),
        (
            [{"type": "object", "name": "x", "properties": {"a": {"type": "any"}}}],
            "x has the type 'any'",
        ),
        (
            [{"type": "tensor", "tensor-spec": {"dtype": "object", "shape": [-1]}}],
            "an unnamed input is an array of 'object'",
        ),
        (
            [COLUMN, {"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1]}}],
            "mixes columns and arrays",
        ),
    ],
)
def test_a_signature_that_cannot_be_served_is_refused_with_a_way_out(
    inputs: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="m/1") as caught:
        ModelFolder.read(write(tmp_path, inputs), "m/1")
    assert message in caught.value.message
    assert caught.value.fix


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"signature": None}, "has no signature"),
        ({"flavors": {"sklearn": {}}}, "cannot be loaded as a Python function"),
        ({"flavors": {"python_function": {"python_version": "3.9.1"}}}, "Python 3.9.1"),
        ({"flavors": {"python_function": {"loader_module": "x"}}}, "which Python"),
    ],
)
def test_a_model_that_cannot_be_served_is_refused(
    changes: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match=message):
        ModelFolder.read(write(tmp_path, **changes), "m/1")


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no file MLmodel"):
        ModelFolder.read(tmp_path, "m/1")
