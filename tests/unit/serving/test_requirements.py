"""What a service needs, and what is said when that cannot be had."""

from __future__ import annotations

from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest

from labline.errors import Refused, Unreachable
from labline.serving import requirements, uv
from labline.serving.model_folder import ModelFolder

MODEL = ModelFolder(
    path=Path(),
    inputs=(),
    outputs=(),
    params=(),
    example=None,
    requirements=("mlflow==3.17.2", "scikit-learn==1.9.1"),
    mlflow_version="3.17.2",
    python="3.11",
    loader="mlflow.sklearn",
)
TEMPLATE = ["bentoml>=1.4.30", "mlflow-skinny>=3.13", "numpy"]
BENTOML = f"bentoml=={metadata.version('bentoml')}"

CONFLICT = """error: No solution found when resolving dependencies
  cause: Because bentoml==1.4.39 depends on packaging>=22.0 and you require bentoml==1.4.39,
         we can conclude that you require packaging>=22.0.
         And because you require packaging==20.0, we can conclude that your requirements are
         unsatisfiable.

hint: something else"""
OLDER = """  × No solution found when resolving dependencies:
  ╰─▶ Because there is no version of scikit-learn==99.0 and you require
      scikit-learn==99.0, we can conclude that your requirements are
      unsatisfiable."""


def test_bentoml_is_pinned_to_the_builder_and_mlflow_to_the_saver_without_its_server() -> None:
    assert requirements.combine(MODEL, TEMPLATE) == [
        BENTOML,
        "mlflow-skinny==3.17.2",
        "mlflow-skinny>=3.13",
        "numpy",
        "scikit-learn==1.9.1",
    ]


def test_a_model_that_forgot_mlflow_gets_the_one_that_saved_it() -> None:
    model = replace(MODEL, requirements=("scikit-learn==1.9.1",))
    assert "mlflow-skinny==3.17.2" in requirements.combine(model, TEMPLATE)


def test_a_loose_mlflow_is_pinned_to_the_one_that_saved_the_model() -> None:
    model = replace(MODEL, requirements=("mlflow>=3",))
    assert {"mlflow-skinny>=3", "mlflow-skinny==3.17.2"} <= set(requirements.combine(model, []))


def test_an_unknown_loader_keeps_all_of_mlflow() -> None:
    model = replace(MODEL, loader="mlflow.spark")
    lines = requirements.combine(model, TEMPLATE)
    assert "mlflow==3.17.2" in lines
    assert "mlflow-skinny==3.17.2" not in lines


@pytest.mark.parametrize("line", ["mlflow[extras]==3.17.2", "git+https://host/mlflow.git"])
def test_a_line_that_is_no_plain_pin_stays_as_it_is(line: str) -> None:
    model = replace(MODEL, requirements=(line,))
    assert line in requirements.combine(model, TEMPLATE)


def test_a_conflict_is_told_in_words_and_says_whose_each_side_is() -> None:
    told = requirements.explain(CONFLICT, ["packaging==20.0"])
    assert told == (
        "bentoml==1.4.39 depends on packaging>=22.0; the service requires bentoml==1.4.39; "
        "the model requires packaging==20.0. These cannot hold together."
    )


def test_the_drawing_of_older_versions_of_uv_is_read_too() -> None:
    told = requirements.explain(OLDER, ["scikit-learn==99.0"])
    assert told == (
        "there is no version of scikit-learn==99.0; the model requires scikit-learn==99.0. "
        "These cannot hold together."
    )


def test_anything_else_that_uv_says_is_passed_on() -> None:
    assert requirements.explain("error: odd\n  cause: very odd", []) == "odd cause: very odd"


def test_a_real_conflict_is_refused(tmp_path: Path) -> None:
    model = replace(MODEL, requirements=("numpy==1.99",))
    with pytest.raises(Refused, match=r"the model requires numpy==1\.99"):
        requirements.lock(["numpy==1.99", "six"], model, cwd=tmp_path)


def test_an_index_out_of_reach_is_unreachable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.raises(Unreachable):
        requirements.lock(["numpy"], MODEL, cwd=tmp_path)


def test_what_is_installed_here_is_preferred(tmp_path: Path) -> None:
    locked = requirements.lock(["orjson>=3", "six"], MODEL, cwd=tmp_path).split()
    assert locked == [f"orjson=={metadata.version('orjson')}", f"six=={metadata.version('six')}"]


def test_what_uv_said_last_is_kept(tmp_path: Path) -> None:
    with pytest.raises(uv.UvFailed, match="unrecognized subcommand"):
        uv.run("nonsense", cwd=tmp_path)


def test_unmet_requirements_are_told_one_by_one() -> None:
    lines = [
        "orjson>=3",
        "orjson==0.0.1",
        "no-such-distribution>=1",
        "no-such-distribution; python_version < '3'",
        "uvicorn[standard]",
    ]
    assert requirements.unmet(lines) == [
        f"orjson is {metadata.version('orjson')} (needs ==0.0.1)",
        "no-such-distribution is not installed (needs no-such-distribution>=1)",
    ]
