"""Metrics as functions of row weights, so that a thousand bootstrap samples are one product.

A bootstrap sample counts how often each row was drawn; a metric of it is the metric with these
counts as weights (Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993, section 6.2).
Every function here takes weights of shape (samples, rows) and returns one value a sample; NaN where
the metric is undefined, as an area under the curve is for a sample of one class.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Measure = Callable[[Array, Array, Array], Array]
_PREFIX = re.compile(r"^(?:test|val|valid|validation|holdout|hold_out|eval)_")
_SUFFIX = re.compile(r"(?:_score|_test|_val|_holdout)$")


@dataclass(frozen=True)
class Metric:
    """A metric that can be computed from kept rows."""

    measure: Measure
    greater_is_better: bool
    #: what it is computed from
    takes: Literal["numbers", "classes", "scores"]


def known(name: str) -> Metric | None:
    """Return the metric that a logged name means, if it is one of those known here.

    >>> known("test_r2_score") is known("r2")
    True
    """
    plain = _SUFFIX.sub("", _PREFIX.sub("", name.lower().replace("-", "_").replace(" ", "_")))
    return METRICS.get(_ALIASES.get(plain, plain))


def draws(rows: int, count: int, seed: int = 0) -> Array:
    """Return how often each row is drawn in each of `count` bootstrap samples."""
    generator = np.random.default_rng(seed)
    chosen = generator.integers(0, rows, (count, rows)) + np.arange(count)[:, None] * rows
    return np.bincount(chosen.ravel(), minlength=count * rows).reshape(count, rows).astype(float)


# -- numbers -------------------------------------------------------------------------------------


def _share(weights: Array, values: Array) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(weights @ values / weights.sum(1))


def _r2(weights: Array, truth: Array, guess: Array) -> Array:
    # Centred first: the spread is a difference of squares.
    centred = truth - truth.mean()
    mean = _share(weights, centred)
    spread = _share(weights, centred**2) - mean**2
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = _share(weights, (truth - guess) ** 2) / np.where(spread > 1e-15, spread, np.nan)
    return np.asarray(1 - ratio)


def _mae(weights: Array, truth: Array, guess: Array) -> Array:
    return _share(weights, np.abs(truth - guess))


def _mse(weights: Array, truth: Array, guess: Array) -> Array:
    return _share(weights, (truth - guess) ** 2)


def _rmse(weights: Array, truth: Array, guess: Array) -> Array:
    return np.asarray(np.sqrt(_mse(weights, truth, guess)))


def _mape(weights: Array, truth: Array, guess: Array) -> Array:
    return _share(weights, np.abs(truth - guess) / np.maximum(np.abs(truth), np.finfo(float).eps))


# -- classes, numbered from 0 --------------------------------------------------------------------


def _accuracy(weights: Array, truth: Array, guess: Array) -> Array:
    return _share(weights, (truth == guess).astype(float))


def _recalls(weights: Array, truth: Array, guess: Array) -> Array:
    """Return the recall of each class, shape (samples, classes)."""
    return np.stack(
        [_counted(weights, truth, guess, one)[0] for one in _classes(truth, guess)], axis=1
    )


def _balanced(weights: Array, truth: Array, guess: Array) -> Array:
    recalls = _recalls(weights, truth, guess)
    there = ~np.isnan(recalls)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(there, recalls, 0).sum(1) / there.sum(1))


def _counted(weights: Array, truth: Array, guess: Array, one: int) -> tuple[Array, Array, Array]:
    """Return recall, precision and F1 of one class."""
    hit = weights @ ((truth == one) & (guess == one)).astype(float)
    real, said = weights @ (truth == one).astype(float), weights @ (guess == one).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        # As scikit-learn has it: nothing said of a class that is there is a precision of 0.
        precision = np.where((said == 0) & (real > 0), 0.0, hit / said)
        return hit / real, precision, 2 * hit / (real + said)


def _classes(truth: Array, guess: Array) -> Array:
    return np.union1d(truth, guess)


def _of_class(which: int) -> Measure:
    """Return a metric of the second of two classes, or the mean over more than two."""

    def measure(weights: Array, truth: Array, guess: Array) -> Array:
        classes = _classes(truth, guess)
        chosen = [1] if classes.max(initial=0) <= 1 else classes
        values = np.stack([_counted(weights, truth, guess, one)[which] for one in chosen], axis=1)
        return np.asarray(values.mean(1))

    return measure


# -- scores: the probability of each class -------------------------------------------------------


def _roc_auc(weights: Array, truth: Array, scores: Array) -> Array:
    """Return the area under the curve: pairs in the right order, ties counting half."""
    if scores.ndim == 2 and scores.shape[1] != 2:
        return np.full(len(weights), np.nan)
    column = scores[:, 1] if scores.ndim == 2 else scores
    order = np.argsort(column, kind="stable")
    ranked, positive = column[order], (truth[order] == 1).astype(float)
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]])
    drawn = weights[:, order]
    good = np.add.reduceat(drawn * positive, starts, axis=1)
    poor = np.add.reduceat(drawn * (1 - positive), starts, axis=1)
    below = np.cumsum(poor, axis=1) - poor
    pairs = good.sum(1) * poor.sum(1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = (good * (below + poor / 2)).sum(1) / pairs
    return np.asarray(np.where(pairs > 0, ratio, np.nan))


def _log_loss(weights: Array, truth: Array, scores: Array) -> Array:
    table = scores if scores.ndim == 2 else np.stack([1 - scores, scores], axis=1)
    right = table[np.arange(len(truth)), truth.astype(int)]
    return _share(weights, -np.log(np.clip(right, np.finfo(float).eps, 1)))


def _brier(weights: Array, truth: Array, scores: Array) -> Array:
    if scores.ndim == 2 and scores.shape[1] != 2:
        return np.full(len(weights), np.nan)
    column = scores[:, 1] if scores.ndim == 2 else scores
    return _share(weights, (column - (truth == 1)) ** 2)


METRICS = {
    "r2": Metric(_r2, True, "numbers"),
    "mae": Metric(_mae, False, "numbers"),
    "mse": Metric(_mse, False, "numbers"),
    "rmse": Metric(_rmse, False, "numbers"),
    "mape": Metric(_mape, False, "numbers"),
    "accuracy": Metric(_accuracy, True, "classes"),
    "balanced_accuracy": Metric(_balanced, True, "classes"),
    "recall": Metric(_of_class(0), True, "classes"),
    "precision": Metric(_of_class(1), True, "classes"),
    "f1": Metric(_of_class(2), True, "classes"),
    "roc_auc": Metric(_roc_auc, True, "scores"),
    "log_loss": Metric(_log_loss, False, "scores"),
    "brier": Metric(_brier, False, "scores"),
}
_ALIASES = {
    "acc": "accuracy",
    "auc": "roc_auc",
    "rocauc": "roc_auc",
    "auroc": "roc_auc",
    "logloss": "log_loss",
    "brier_loss": "brier",
    "brier_score_loss": "brier",
    "r_squared": "r2",
    "mean_absolute_error": "mae",
    "mean_squared_error": "mse",
    "root_mean_squared_error": "rmse",
    "mean_absolute_percentage_error": "mape",
    "f1_macro": "f1",
    "precision_macro": "precision",
    "recall_macro": "recall",
}
