"""What is loaded, by distribution."""

import sys
from importlib.metadata import version

import numpy as np
import pandas as pd

from labline.kernel import environment


def test_only_what_is_loaded_is_captured() -> None:
    captured = environment.capture(["pandas", "json", "numpy.linalg", "no_such_module"])
    assert captured.packages == {"numpy": np.__version__, "pandas": pd.__version__}
    assert captured.python == ".".join(map(str, sys.version_info[:3]))


def test_a_module_is_known_by_its_distributions_name() -> None:
    assert environment.loaded(["sklearn.linear_model", "yaml"]) == {"scikit-learn", "PyYAML"}
    assert environment.versions(["pytest"]) == {"pytest": version("pytest")}


def test_reading_again_is_free_until_something_is_installed() -> None:
    assert environment.by_module() is environment.by_module()


def test_requirements_of_extras_do_not_count() -> None:
    assert "numpy" in environment.needed_by("pandas")
    assert "pytest" not in environment.needed_by("pandas")
    assert environment.needed_by("no-such-distribution") == set()
