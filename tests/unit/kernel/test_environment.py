"""What is loaded, by distribution."""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from labline.kernel import environment


def test_only_what_is_loaded_is_captured() -> None:
    captured = environment.capture(["pandas", "json", "numpy.linalg", "no_such_module"])
    assert captured.packages == {"numpy": np.__version__, "pandas": pd.__version__}
    assert captured.python == ".".join(map(str, sys.version_info[:3]))


def test_a_module_is_known_by_its_distributions_name() -> None:
    assert environment.loaded(["sklearn.linear_model", "yaml"]) == {"scikit-learn", "PyYAML"}
    assert environment.versions(["pytest"]) == {"pytest": version("pytest")}


def test_reading_again_is_free_until_something_is_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    known = environment.by_module()
    (tmp_path / "notebook.ipynb").write_text("saved")
    assert environment.by_module() is known
    (tmp_path / "thing-1.0.dist-info").mkdir()
    (tmp_path / "thing-1.0.dist-info" / "METADATA").write_text("Name: thing\nVersion: 1.0\n")
    (tmp_path / "thing-1.0.dist-info" / "top_level.txt").write_text("thing_module\n")
    assert environment.by_module()["thing_module"] == ("thing",)


def test_requirements_of_extras_do_not_count() -> None:
    assert "numpy" in environment.needed_by("pandas")
    assert "pytest" not in environment.needed_by("pandas")
    assert environment.needed_by("no-such-distribution") == set()
