"""The gate ``data``, from ``%log --train`` in a notebook to the verdict."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from labline import load_ipython_extension
from labline.kernel import uninstall
from labline.lab import Lab
from labline.promotion import Verdict

CELL = """
import numpy as np, pandas as pd
from sklearn.linear_model import LogisticRegression
X = pd.DataFrame(np.random.default_rng(0).normal(size=(400, 3)), columns=list("abc"))
y = pd.Series((X["a"] > 0).astype(int), name="churned")
model = LogisticRegression().fit(X[:300], y[:300])
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("churn")
    (folder / "labline.toml").write_text(
        '[project]\nname = "churn"\n[stages.staging]\ngates = ["data"]\n'
    )
    made = Lab.from_(folder)
    with made.worker():
        yield made


@pytest.fixture
def shell(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.chdir(lab.settings.root)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    config = Config()
    config.HistoryManager.enabled = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = InteractiveShell(config=config)
    load_ipython_extension(made)
    yield made
    uninstall(made)


NULLS = """
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
X["n"] = pd.array([n % 7 for n in range(400)], dtype="Int64")
X.loc[:50, "n"] = None
model = make_pipeline(SimpleImputer(), LogisticRegression()).fit(X[:300], y[:300])
"""


def judged(lab: Lab, shell: InteractiveShell, log: str, *, more: str = "") -> Verdict:
    shell.run_cell(CELL + more).raise_error()
    shell.run_cell(f"%%record\n%log --model model {log}", store_history=True).raise_error()
    (run,) = lab.tracking.runs("churn", limit=1)
    return lab.promote(run.id, to="staging", dry_run=True).verdicts[0]


def test_a_clean_split_passes(lab: Lab, shell: InteractiveShell) -> None:
    verdict = judged(lab, shell, "--data X[300:],y[300:] --train X[:300],y[:300]")
    assert verdict.passed, verdict.reason


def test_rows_that_were_trained_on_are_a_leak(lab: Lab, shell: InteractiveShell) -> None:
    verdict = judged(lab, shell, "--data X[250:],y[250:] --train X[:300],y[:300]")
    assert "50 of 150 held-out rows are in X[:300] too" in verdict.reason


def test_without_a_training_set_it_says_what_it_cannot_judge(
    lab: Lab, shell: InteractiveShell
) -> None:
    verdict = judged(lab, shell, "--data X[300:],y[300:]")
    assert "keeps nothing of the training set" in verdict.reason
    assert "--train" in verdict.fix


def test_an_int_column_whose_nulls_only_training_had_is_refused(
    lab: Lab, shell: InteractiveShell
) -> None:
    """The signature comes from held-out rows without a null, and the service would take none."""
    log = "--data X[300:],y[300:] --train X[:300],y[:300]"
    verdict = judged(lab, shell, log, more=NULLS)
    assert verdict.reason.startswith(
        "n has nulls in training (17 %), yet the signature requires a long: the service would "
        "refuse such a row."
    )
