"""What an estimator has to tell once it is fitted."""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labline.kernel.autolog import Told

Results = Mapping[str, Mapping[str, Iterable[float]]]

#: parameters that are told of one fit
MOST_PARAMS = 100
#: rows of the training data that the training score is taken from
SCORED = 1000
#: values of one curve
LONGEST_CURVE = 500
_PLAIN = (str, int, float, bool)
_LONGEST = 250
_NUMBERS = (
    "best_score_", "best_score", "best_iteration_", "best_iteration", "oob_score_", "inertia_",
    "n_iter_", "best_loss_",
)  # fmt: skip
_CURVES = ("loss_curve_", "validation_scores_", "train_score_", "oob_improvement_")


def of_estimator(estimator: Any, X: Any, y: Any) -> Told | None:  # noqa: N803 - scikit-learn's
    """Return what there is to tell of a fitted estimator; ``None`` of one that only transforms."""
    from labline.kernel.autolog import Told

    if not any(hasattr(estimator, verb) for verb in ("predict", "fit_predict")):
        return None
    params = estimator.get_params(deep=True)
    best = {f"best.{name}": value for name, value in (_of(estimator, "best_params_") or {}).items()}
    metrics = dict(_numbers(estimator))
    if y is not None and not any(map(_is_own, (estimator, *params.values()))):
        metrics.update(_training_score(estimator, X, y))
    name = type(estimator).__name__
    return Told(name, plain({**best, **params}), metrics, dict(_curves(estimator)))


def _of(estimator: Any, name: str) -> Any:
    """Return an attribute; what may be a property raises where there is nothing to tell."""
    with suppress(Exception):
        return getattr(estimator, name)
    return None


def _is_own(part: Any) -> bool:
    """Whether the notebook defines it: it may print, or count its calls."""
    kind = part if isinstance(part, type) or callable(part) else type(part)
    return getattr(kind, "__module__", "") == "__main__" or type(part).__module__ == "__main__"


def plain(values: Mapping[str, Any]) -> dict[str, str]:
    """Return those of `values` that are plain, as text: no objects, nothing that is not set."""
    shown = {str(name): _text(value) for name, value in values.items()}
    told = {name: text for name, text in shown.items() if text is not None}
    return dict(list(told.items())[:MOST_PARAMS])


def _text(value: Any) -> str | None:
    value = value.item() if getattr(value, "shape", None) == () else value
    if isinstance(value, tuple | list) and all(isinstance(one, _PLAIN) for one in value):
        return str(value)[:_LONGEST]
    return str(value)[:_LONGEST] if isinstance(value, _PLAIN) else None


def _numbers(estimator: Any) -> Iterator[tuple[str, float]]:
    for name in _NUMBERS:
        value = _of(estimator, name)
        if isinstance(value, int | float) or getattr(value, "shape", None) == ():
            yield name.rstrip("_"), float(value)


def _curves(estimator: Any) -> Iterator[tuple[str, list[float]]]:
    for name in _CURVES:
        values = _of(estimator, name)
        if values is not None and getattr(values, "ndim", 1) == 1 and len(values) > 1:
            yield name.rstrip("_"), thinned(values)
    yield from curves(_of(estimator, "evals_result_") or {})


def curves(results: Results) -> Iterator[tuple[str, list[float]]]:
    """Yield the curves of XGBoost's and LightGBM's results: by data set, then by metric."""
    for data, metrics in results.items():
        for metric, values in metrics.items():
            yield f"{data}.{metric}", thinned(values)


def thinned(values: Iterable[Any]) -> list[float]:
    """Return a curve with at most so many values, the last one always among them."""
    every = [float(value) for value in values]
    step = math.ceil(len(every) / LONGEST_CURVE)
    return every[::-1][::step][::-1] if step > 1 else every


def _training_score(estimator: Any, X: Any, y: Any) -> dict[str, float]:  # noqa: N803
    """Return the estimator's own score on some of the rows that it was fitted on, if it has one."""
    with suppress(Exception), _unnoticed():
        score = float(estimator.score(_some(X), _some(y)))
        return {"training_score": score} if math.isfinite(score) else {}
    return {}


def _some(rows: Any) -> Any:
    """Return at most :data:`SCORED` rows, evenly spaced."""
    count = rows.shape[0] if hasattr(rows, "shape") else len(rows)
    step = math.ceil(count / SCORED) or 1
    if step == 1:
        return rows
    return rows.iloc[::step] if hasattr(rows, "iloc") else rows[::step]


@contextmanager
def _unnoticed() -> Iterator[None]:
    """Leave chance and warnings to the cell: it shall find them as they were."""
    numpy: Any = sys.modules["numpy"]
    state = numpy.random.get_state()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        numpy.random.set_state(state)
