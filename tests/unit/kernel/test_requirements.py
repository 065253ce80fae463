"""What a model needs, from what it is made of."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from labline.kernel import requirements


def names(needs: requirements.Needs) -> set[str]:
    return {line.partition("==")[0] for line in needs.requirements}


@pytest.fixture
def local_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    (tmp_path / "house_rules.py").write_text(
        "import yaml\nfrom house_tables.scale import by\ndef clean(x):\n    return by(x)\n"
    )
    (tmp_path / "house_tables").mkdir()
    (tmp_path / "house_tables" / "__init__.py").write_text("")
    (tmp_path / "house_tables" / "scale.py").write_text("def by(x):\n    return 2 * x\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import house_rules

    yield house_rules
    for name in [name for name in sys.modules if name.startswith("house_")]:
        del sys.modules[name]


def test_a_models_distributions_are_pinned_with_what_they_use() -> None:
    needs = requirements.of_model(Ridge().fit(np.eye(3), np.ones(3)))
    assert {"scikit-learn", "numpy", "scipy", "mlflow", "cloudpickle"} <= names(needs)
    assert all("==" in line for line in needs.requirements)
    assert needs.code_paths == ()


def test_what_the_model_has_nothing_to_do_with_is_left_out() -> None:
    assert not {"pytest", "labline", "psutil"} & names(requirements.of_model(Ridge()))


def test_local_code_travels_with_the_model_and_brings_its_imports(
    local_code: ModuleType, tmp_path: Path
) -> None:
    needs = requirements.of_model(make_pipeline(FunctionTransformer(local_code.clean), Ridge()))
    assert set(needs.code_paths) == {tmp_path / "house_rules.py", tmp_path / "house_tables"}
    assert "PyYAML" in names(needs)


def test_a_class_from_the_notebook_brings_what_it_uses_and_imports_late() -> None:
    main: dict[str, object] = {"__name__": "__main__"}
    source = (
        "import yaml\n"
        "class Model:\n"
        "    def predict(self, rows):\n"
        "        import httpx\n"
        "        return yaml.safe_dump(rows)\n"
    )
    exec(source, main)
    model = main["Model"]()  # type: ignore[operator]
    assert {"PyYAML", "httpx"} <= names(requirements.of_model(model))


def test_a_model_that_cannot_be_pickled_still_has_a_class() -> None:
    model = Ridge()
    model.lock = __import__("threading").Lock()
    assert "scikit-learn" in names(requirements.of_model(model))


def test_the_arrays_of_a_large_model_are_not_copied() -> None:
    import tracemalloc

    model = Ridge()
    model.coef_ = np.zeros(20_000_000)
    requirements.of_model(Ridge())
    tracemalloc.start()
    requirements.of_model(model)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < model.coef_.nbytes / 4
