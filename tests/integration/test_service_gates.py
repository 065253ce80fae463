"""Gates on the built service: real Bentos, booted, asked over HTTP."""

from __future__ import annotations

import json
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import mlflow.pyfunc
import mlflow.sklearn
import numpy as np
import pandas as pd
import psutil
import pytest
from tests.integration.serving_models import passengers, pipeline

from labline.lab import Lab
from labline.promotion import Outcome, Promotion, Verdict
from labline.serving import templates
from labline.tracking import holdout, models

POLICY = """
[project]
name = "titanic"

[stages.staging]
gates = ["parity"]

[stages.prod]
gates = ["parity", "contract", "latency"]
latency = { p99_ms = 30000, requests = 40 }
contract = { seconds = 200 }

[stages.bare]
gates = ["signature"]

[stages.back]
gates = ["rollback"]

[stages.made]
gates = ["dependencies"]
dependencies = { denied = ["AGPL-*"], vulnerabilities = "audit.json" }
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("titanic")
    (folder / "labline.toml").write_text(POLICY)
    made = Lab.from_(folder)
    with made.worker():
        yield made


Recorder = Callable[..., str]


@pytest.fixture
def record(lab: Lab, tmp_path: Path) -> Recorder:
    """Return a function that records a run with a model, as ``%log --model --data`` does."""

    def make(
        model: Any, rows: Any, *, keep: bool = True, wanted: Sequence[str] = (), **options: Any
    ) -> str:
        from importlib.metadata import version

        run = lab.tracking.create_run("titanic")
        folder = tmp_path / run.id / "model"
        names = ("mlflow", "scikit-learn", "pandas", "numpy")
        pinned = [f"{name}=={version(name)}" for name in names]
        models.save(model, folder, example=rows, requirements=[*pinned, *wanted], **options)
        lab.tracking.attach_model(run.id, folder)
        kept = holdout.write(model, rows, tmp_path / "holdout.json") if keep else None
        if kept:
            lab.tracking.log_text(run.id, kept.read_text(), holdout.PLACE)
        lab.tracking.end_run(run.id)
        return run.id

    return make


def judged(lab: Lab, run: str, model: str) -> tuple[Promotion, Verdict]:
    done = lab.promote(run, to="staging", model=model, dry_run=True)
    return done, done.verdicts[-1]


def test_a_pipeline_of_mixed_types_answers_as_in_the_notebook(lab: Lab, record: Recorder) -> None:
    table = passengers()
    run = record(pipeline(table), table)
    done = lab.promote(run, to="prod", model="mixed", dry_run=True)
    assert done.passed, done.refusals
    parity, contract, latency = done.verdicts
    assert parity.evidence["rows"] == len(table)
    assert contract.evidence["cases"] > 40
    assert contract.evidence["generated"] > 150
    assert 0 < latency.evidence["p50_ms"] <= latency.evidence["p99_ms"]
    assert not list(lab.settings.folder("trials").glob("*.json"))
    here = str(lab.settings.root)
    assert not [p for p in psutil.process_iter() if here in " ".join(_words(p))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def test_a_model_that_an_unknown_word_breaks_is_refused_with_the_request(
    lab: Lab, record: Recorder
) -> None:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    rows = pd.DataFrame({"kind": ["a", "b", "a", "b"]})
    run = record(make_pipeline(OneHotEncoder(), Ridge()).fit(rows, [1.0, 2.0, 1.0, 2.0]), rows)
    done = lab.promote(run, to="prod", model="strict", dry_run=True)
    (refusal,) = done.refusals
    assert refusal.gate == "contract"
    assert "kind an unknown word: it broke the service: 500" in refusal.reason
    assert "labline-unknown" in refusal.evidence["request"]
    assert 'handle_unknown="ignore"' in refusal.fix


def remembering() -> Any:
    """Return a model that leans on something only the notebook has."""

    # Defined here, as in a notebook: it travels by value, not by a module's name.
    class Remembering(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
            import os

            return model_input["a"] * (1.0 if os.environ.get("ONLY_IN_THE_NOTEBOOK") else 2.0)

    return Remembering()


def test_a_model_that_leans_on_the_notebook_differs_and_the_first_row_is_named(
    lab: Lab, record: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = pd.DataFrame({"a": [0.0, 1.5, 2.0]})
    monkeypatch.setenv("ONLY_IN_THE_NOTEBOOK", "1")
    run = record(remembering(), rows)
    monkeypatch.delenv("ONLY_IN_THE_NOTEBOOK")
    _, verdict = judged(lab, run, "remembering")
    assert verdict.outcome is Outcome.FAILED
    assert "2 of 3 predictions differ; row 1: the notebook had 1.5, the service gives 3.0" in (
        verdict.reason
    )


def test_a_model_whose_module_is_missing_is_refused_with_the_last_lines(
    lab: Lab, record: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here.py").write_text("def double(x):\n    return x * 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    from only_here import double  # type: ignore[import-not-found]
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    rows = pd.DataFrame({"a": np.arange(5.0), "b": np.ones(5)})
    fitted = make_pipeline(FunctionTransformer(double), Ridge()).fit(rows, rows["a"])
    run = record(fitted, rows)
    del sys.modules["only_here"]
    _, verdict = judged(lab, run, "missing")
    assert verdict.outcome is Outcome.FAILED
    assert "No module named 'only_here'" in verdict.reason
    assert verdict.evidence["log"]
    assert "module beside the notebook" in verdict.fix


def test_a_run_without_held_out_rows_is_told_how_to_keep_some(lab: Lab, record: Recorder) -> None:
    from sklearn.linear_model import Ridge

    rows = pd.DataFrame({"a": np.arange(5.0)})
    run = record(Ridge().fit(rows, rows["a"]), rows, keep=False)
    _, verdict = judged(lab, run, "rowless")
    assert verdict.outcome is Outcome.FAILED
    assert "%log --model model --data" in verdict.fix


def test_a_champion_that_could_not_come_back_refuses_the_next(lab: Lab, record: Recorder) -> None:
    from sklearn.linear_model import Ridge

    rows = pd.DataFrame({"a": np.arange(5.0)})
    first, second = (record(Ridge(alpha=n).fit(rows, rows["a"]), rows) for n in (1, 2))
    assert "nothing to go back to" in lab.promote(first, to="back", model="way").verdicts[0].reason
    proven = lab.promote(second, to="back", model="way", dry_run=True)
    assert "way/1 boots in" in proven.verdicts[0].reason
    assert "its 5 predictions equal its notebook's" in proven.verdicts[0].reason
    (lab.tracking.registry.fetch(lab.version("way/1")) / "model.pkl").write_bytes(b"evil")
    (refusal,) = lab.promote(second, to="back", model="way", dry_run=True).refusals
    assert refusal.gate == "rollback"
    assert "way/1 does not boot any more" in refusal.reason
    assert "altered after registration" in refusal.reason


def test_what_a_service_is_made_of_is_judged_before_it_is_built(lab: Lab, record: Recorder) -> None:
    from sklearn.linear_model import Ridge

    rows = pd.DataFrame({"a": np.arange(5.0)})
    run = record(Ridge().fit(rows, rows["a"]), rows)
    audit = lab.settings.root / "audit.json"
    audit.write_text('{"dependencies": []}')
    passed = lab.promote(run, to="made", model="made", dry_run=True).verdicts[0]
    assert passed.passed
    assert "packages resolve together; licences within the policy" in passed.reason
    assert "in 0 of them by audit.json (of today)" in passed.reason
    assert passed.evidence["packages"] > 20

    numpy = {"name": "numpy", "version": np.__version__, "vulns": [{"id": "PYSEC-2026-7"}]}
    audit.write_text(json.dumps({"dependencies": [numpy]}))
    known = lab.promote(run, to="made", model="made", dry_run=True).verdicts[0]
    assert f"1 known vulnerability: PYSEC-2026-7 in numpy {np.__version__}" in known.reason

    torn = record(Ridge().fit(rows, rows["a"]), rows, wanted=["starlette<0.20"])
    conflict = lab.promote(torn, to="made", model="made", dry_run=True).verdicts[0]
    assert conflict.outcome is Outcome.FAILED
    assert "the model requires starlette<0.20" in conflict.reason
    assert "cannot hold together" in conflict.reason


def by_position(model: Any) -> Any:
    """Return a pipeline that knows columns by their place only."""
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    def weighed(table: Any) -> Any:
        return np.asarray(table, dtype=float) * [1.0, 100.0]

    return make_pipeline(FunctionTransformer(weighed), model)


def flats() -> pd.DataFrame:
    return pd.DataFrame({"rooms": [1.0, 2.0, 3.0, 4.0], "area": [30.0, 75.0, 40.0, 110.0]})


def test_a_model_that_knows_columns_by_place_is_right_whatever_their_order_in_a_request(
    lab: Lab, record: Recorder
) -> None:
    from sklearn.linear_model import LinearRegression

    rows = flats()
    run = record(by_position(LinearRegression()).fit(rows, [1.0, 5.0, 3.0, 9.0]), rows)
    done = lab.promote(run, to="prod", model="placed", dry_run=True)
    assert done.passed, done.refusals


def test_a_template_that_takes_columns_as_they_come_is_refused_in_words(
    lab: Lab, record: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sklearn.linear_model import LinearRegression

    own = tmp_path / "labline" / "bentos" / "pyfunc"
    shutil.copytree(templates.find("pyfunc"), own, ignore=shutil.ignore_patterns("__pycache__"))
    tables = own / "bento_pyfunc" / "tables.py"
    careful = "return itemgetter(*names)"
    assert careful in tables.read_text()
    careless = "return lambda row: (itemgetter(*names)(row), tuple(row.values()))[1]"
    tables.write_text(tables.read_text().replace(careful, careless))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    rows = flats()
    run = record(by_position(LinearRegression()).fit(rows, [1.0, 5.0, 3.0, 9.0]), rows)
    done = lab.promote(run, to="prod", model="careless", dry_run=True)
    (refusal,) = done.refusals
    assert refusal.gate == "contract"
    assert "permuted columns: the answer is" in refusal.reason
    assert "by name" in refusal.fix


def test_whole_numbers_with_nulls_that_become_floats_are_refused_in_words(
    lab: Lab, record: Recorder
) -> None:
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

    def codes(table: Any) -> Any:
        return table.astype(str)

    rows = pd.DataFrame({"floor": pd.Series([1, 2, None, 3, 2, 1], dtype=object)})
    encode = OneHotEncoder(handle_unknown="ignore")
    model = make_pipeline(FunctionTransformer(codes), encode, Ridge())
    run = record(model.fit(rows, [1.0, 2.0, 0.0, 3.0, 2.0, 1.0]), rows)
    _, verdict = judged(lab, run, "floors")
    assert verdict.outcome is Outcome.FAILED
    assert "5 of 6 predictions differ" in verdict.reason
    assert "Whole numbers with nulls in floor are floats to the service, 1.0 for 1" in (
        verdict.reason
    )
    kept = rows.astype("Int64")
    again = record(model.fit(kept, [1.0, 2.0, 0.0, 3.0, 2.0, 1.0]), kept)
    done, _ = judged(lab, again, "whole floors")
    assert done.passed, done.refusals


def rooty() -> Any:
    """Return a model that nobody has asked about negative numbers."""

    class Rooty(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
        def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]
            import math

            return [math.sqrt(value + 1000) for value in model_input["area"]]

    return Rooty()


def test_what_nobody_thought_of_is_found_and_told_by_its_smallest_request(
    lab: Lab, record: Recorder
) -> None:
    run = record(rooty(), flats())
    done = lab.promote(run, to="prod", model="rooty", dry_run=True)
    (refusal,) = done.refusals
    assert refusal.reason.startswith("generated, area = -1001: it broke the service: 500")
    rows = json.loads(refusal.evidence["request"])["rows"]
    assert rows == [{"rooms": 1.0, "area": -1001}]
    again = lab.promote(run, to="prod", model="rooty", dry_run=True)
    assert again.refusals[0].evidence == {**refusal.evidence, "answer": ANY}


def test_an_int_column_with_nulls_that_mlflow_logged_without_a_signature_is_refused(
    lab: Lab, tmp_path: Path
) -> None:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    rows = pd.DataFrame({"floor": pd.array([1, 2, None, 3, 2, 1], dtype="Int64")})
    model = make_pipeline(SimpleImputer(), Ridge()).fit(rows, [1.0, 2.0, 0.0, 3.0, 2.0, 1.0])
    assert len(model.predict(rows)) == 6
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.sklearn.save_model(
            model,
            tmp_path / "model",
            input_example=rows,
            pip_requirements=["mlflow"],
            serialization_format="cloudpickle",
        )
    run = lab.tracking.create_run("titanic")
    lab.tracking.attach_model(run.id, tmp_path / "model")
    lab.tracking.end_run(run.id)
    (refusal,) = lab.promote(run.id, to="bare", model="nulls", dry_run=True).refusals
    assert "was logged without a signature" in refusal.reason
    assert "an integer column has nulls" in refusal.fix
