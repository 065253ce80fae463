"""Fits are noted, once each, and are none the worse for it."""

import inspect
import logging
import pickle
import subprocess
import sys
import warnings
from itertools import pairwise

import cloudpickle
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from labline.kernel.autolog import MOST, Autolog
from labline.kernel.autolog.facts import LONGEST_CURVE, thinned

X, y = load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture
def told():
    """What has been told: values by kind of event, later ones over earlier ones."""
    events: list[dict] = []
    autolog = Autolog(events.append)
    yield lambda kind: {
        name: value for event in events if event["event"] == kind
        for name, value in event["values"].items()
    }  # fmt: skip
    autolog.close()


def test_parameters_and_the_training_score_of_a_fit_are_told(told):
    model = Ridge(alpha=0.5).fit(X, y)
    assert told("params")["Ridge.alpha"] == "0.5"
    assert "Ridge.max_iter" not in told("params"), "it is not set"
    assert told("metrics")["Ridge.training_score"] == pytest.approx(model.score(X, y))


def test_a_pipeline_and_a_search_are_one_fit_each(told):
    pipeline = make_pipeline(StandardScaler(), Ridge())
    search = GridSearchCV(pipeline, {"ridge__alpha": [0.1, 1.0, 10.0]}, cv=3).fit(X, y)
    names = {name.partition(".")[0] for name in told("params")}
    assert names == {"GridSearchCV"}
    assert told("params")["GridSearchCV.best.ridge__alpha"] == str(
        search.best_params_["ridge__alpha"]
    )
    assert told("metrics")["GridSearchCV.best_score"] == pytest.approx(search.best_score_)
    pipeline.fit(X, y)
    assert told("params")["Pipeline.ridge__alpha"] == "1.0"
    assert {name.partition(".")[0] for name in told("params")} == {"GridSearchCV", "Pipeline"}


def test_trees_fitted_in_threads_are_part_of_their_forest(told):
    RandomForestRegressor(
        n_estimators=40, max_depth=3, n_jobs=2, random_state=0, oob_score=True
    ).fit(X, y)
    assert {name.partition(".")[0] for name in told("params")} == {"RandomForestRegressor"}
    assert 0 < told("metrics")["RandomForestRegressor.oob_score"] < 1


def test_what_only_transforms_is_not_told_and_what_clusters_is(told):
    StandardScaler().fit_transform(X)
    assert told("params") == {}
    KMeans(2, n_init=1, random_state=0).fit_predict(X)
    assert told("metrics")["KMeans.inertia"] > 0


def test_other_parameters_are_another_fit_and_the_same_are_the_same(told):
    for alpha in (1.0, 2.0, 1.0):
        Ridge(alpha=alpha).fit(X, y)
    cross_val_score(Ridge(alpha=3.0), X, y, cv=3)
    alphas = {name: value for name, value in told("params").items() if name.endswith("alpha")}
    assert alphas == {"Ridge.alpha": "1.0", "Ridge.2.alpha": "2.0", "Ridge.3.alpha": "3.0"}


def test_a_loop_over_thousands_is_told_as_far_as_it_is_read(told):
    for alpha in range(1, MOST + 20):
        Ridge(alpha=alpha).fit(X[:20], y[:20])
    assert sum(name.endswith(".alpha") for name in told("params")) == MOST


def test_the_course_of_a_fit_is_told_step_by_step(told):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=5, random_state=0).fit(X, y)
    assert told("curves")["MLPRegressor.loss_curve"] == model.loss_curve_
    long = thinned(range(2000))
    assert (long[-1], len(long)) == (1999.0, LONGEST_CURVE)
    assert len({later - earlier for earlier, later in pairwise(long)}) == 1


def test_boosters_tell_how_they_did_on_the_data_they_were_shown(told):
    import lightgbm
    import xgboost

    model = xgboost.XGBRegressor(n_estimators=3, max_depth=2)
    model.fit(X, y, eval_set=[(X, y)], verbose=False)
    assert told("params")["XGBRegressor.max_depth"] == "2"
    assert told("curves")["XGBRegressor.validation_0.rmse"] == pytest.approx(
        model.evals_result()["validation_0"]["rmse"]
    )
    table = xgboost.DMatrix(X, y)
    xgboost.train({"eta": 0.3}, table, 4, evals=[(table, "seen")], verbose_eval=False)
    assert told("params")["xgboost.num_boost_round"] == "4"
    assert len(told("curves")["xgboost.seen.rmse"]) == 4
    own: dict = {}
    xgboost.train({"eta": 0.4}, table, 2, evals=[(table, "own")], evals_result=own, verbose_eval=0)
    assert told("curves")["xgboost.2.own.rmse"] == own["own"]["rmse"]
    data = lightgbm.Dataset(X, y)
    lightgbm.train({"verbosity": -1, "eta": 0.1}, data, 3, valid_sets=[data], valid_names=["seen"])
    assert len(told("curves")["lightgbm.seen.l2"]) == 3
    with warnings.catch_warnings():
        # LightGBM 4.7 would have it called otherwise than 4.5 knows it.
        warnings.simplefilter("ignore")
        lightgbm.LGBMRegressor(n_estimators=3, verbosity=-1).fit(X, y, eval_set=[(X, y)])
    assert len(told("curves")["LGBMRegressor.training.l2"]) == 3
    assert pickle.loads(pickle.dumps(xgboost.train)) is xgboost.train


class Own(ClassifierMixin, BaseEstimator):
    def __init__(self, size=3):
        self.size = size

    def fit(self, X, y):  # noqa: N803
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):  # noqa: N803
        raise RuntimeError("a model of one's own")


def test_a_class_made_later_is_seen_and_is_pickled_as_it_was_written(told):
    class Later(Own):
        def fit(self, X, y):  # noqa: N803
            return super().fit(X, y)

    Later(size=5).fit(X, y)
    assert told("params") == {"Later.size": "5"}
    again = cloudpickle.loads(cloudpickle.dumps(Later))
    assert inspect.isfunction(vars(again)["fit"])
    assert clone(Later(4)).size == 4


def test_what_the_cell_sees_of_fit_is_what_it_was(told):
    assert list(inspect.signature(Ridge.fit).parameters)[:3] == ["self", "X", "y"]
    with pytest.raises(ValueError, match="inconsistent numbers"):
        Ridge().fit(X, y[:-1])
    assert told("params") == {}
    np.random.seed(3)
    expected = np.random.RandomState(3).rand()
    LogisticRegression(max_iter=2000).fit(X, y > 100)
    assert np.random.rand() == expected
    fitted = Ridge().fit(X.to_numpy(), y.to_numpy())
    assert pickle.loads(pickle.dumps(fitted)).coef_.shape == (10,)


def test_nothing_that_goes_wrong_in_telling_reaches_the_cell(caplog):
    def put(event):
        raise OSError("the disk is full")

    autolog = Autolog(put)
    with caplog.at_level(logging.WARNING):
        assert Ridge().fit(X, y).coef_.shape == (10,)
    assert "could not note" in caplog.text
    autolog.close()


def test_at_its_end_the_libraries_are_as_they_were():
    before = vars(Ridge)["fit"], vars(BaseEstimator).get("__init_subclass__")
    autolog = Autolog(list)
    assert vars(Ridge)["fit"] is not before[0]
    autolog.close()
    assert (vars(Ridge)["fit"], vars(BaseEstimator).get("__init_subclass__")) == before


def test_libraries_are_not_imported_for_it_and_are_seen_once_they_are():
    code = """
import sys
from labline.kernel.autolog import Autolog
events = []
Autolog(events.append)
assert not {"sklearn", "numpy", "xgboost", "lightgbm", "mlflow"} & set(sys.modules)
from sklearn.linear_model import Ridge
Ridge().fit([[0.0], [1.0]], [0.0, 1.0])
print([event["event"] for event in events])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "['params', 'metrics']", done.stderr


def test_a_table_with_many_rows_is_scored_on_some(told):
    many = pd.concat([X] * 10, ignore_index=True)
    model = Ridge().fit(many, pd.concat([y] * 10, ignore_index=True))
    assert told("metrics")["Ridge.training_score"] == pytest.approx(model.score(X, y), abs=0.1)
