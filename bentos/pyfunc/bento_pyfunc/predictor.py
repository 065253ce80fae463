"""The model: load it, find the shortest way through it, warm it, predict."""

from __future__ import annotations

import gc
import logging
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from bento_pyfunc.codec import Codec, Request
from bento_pyfunc.problems import Problem
from bento_pyfunc.spec import Spec
from bento_pyfunc.tables import Raw, TableCodec

logger = logging.getLogger(__name__)

Call = Callable[[Any, dict[str, Any]], Any]

#: seconds for the example up to which a model counts as quick
_QUICK = 0.002


class Predictor:
    """Answers bodies with bodies; safe to call from one thread at a time.

    Parameters
    ----------
    model
        The loaded ``mlflow.pyfunc.PyFuncModel``.
    """

    def __init__(self, model: Any, spec: Spec) -> None:
        self.codec = Codec(spec)
        self._call = _call(model)
        self._matrix: Callable[[Any], Any] | None = None
        #: what the model says of the example; ``None`` before :meth:`warm` or without an example
        self.example_answer: dict[str, Any] | None = None
        #: whether a small body is answered at once: an estimator of scikit-learn's own,
        #: measured on the example. A model with code of its own may wait for anything.
        self.quick = False
        self._model = model
        self._example = orjson.dumps(spec.example) if spec.example else None

    @classmethod
    def load(cls, folder: Path, spec: Spec) -> Predictor:
        """Load the MLflow model in `folder` and warm it."""
        import mlflow.pyfunc

        # The requirements are locked and checked before the service boots.
        model = mlflow.pyfunc.load_model(str(folder), suppress_warnings=True)
        predictor = cls(model, spec)
        predictor.warm()
        return predictor

    def answer(self, body: bytes) -> bytes:
        """Return the response body for a request body.

        Raises
        ------
        Problem
            The request cannot be answered.
        Exception
            The model raised.
        """
        request = self.codec.decode(body)
        return self.codec.encode(self._predict(request))

    def warm(self) -> None:
        """Predict the example once, as a request would.

        Raises
        ------
        Exception
            The model cannot predict its own example: it must not become ready.
        """
        if self._example is None:
            logger.warning("The model has no input example: it is served without a warm-up.")
            return
        try:
            example = self.codec.decode(self._example)
            self.codec.data.table(example.raw)
        except Problem as problem:
            logger.warning("The model's input example does not fit its signature: %s", problem)
            return
        self._matrix = self._shortcut(example)
        self.example_answer = orjson.loads(self.answer(self._example))
        self.quick = self._matrix is not None and self._seconds(self._example) <= _QUICK
        # Nothing loaded so far is garbage: spare every later collection the walk through it.
        gc.collect()
        gc.freeze()

    def _seconds(self, body: bytes) -> float:
        taken = []
        for _ in range(5):
            start = time.perf_counter()
            self.answer(body)
            taken.append(time.perf_counter() - start)
        return statistics.median(taken)

    def _predict(self, request: Request) -> Any:
        data = self.codec.data
        if self._matrix is not None and isinstance(data, TableCodec):
            matrix = data.matrix(request.raw)
            if matrix is not None:
                return self._matrix(matrix)
        return self._call(data.table(request.raw), request.params)

    def _shortcut(self, example: Request) -> Callable[[Any], Any] | None:
        data = self.codec.data
        if not isinstance(data, TableCodec) or not data.is_matrix or self.codec.params:
            return None
        if data.matrix(example.raw) is None:
            return None
        if not _takes_columns_in_order(self._model, data.names):
            return None
        # Said of every matrix; the names were compared above, once and for all.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        bare: Callable[[Any], Any] = self._model._model_impl.predict
        return bare if _agree(data, self._call, bare, example.raw) else None


def _call(model: Any) -> Call:
    """Return how to call the model with data that the codec has typed already.

    MLflow's ``predict`` enforces the signature once more, which costs more than a small model's
    own work. ``_model_impl`` is MLflow's stable developer API for the model below it.
    """
    meta = model.metadata
    typed_by_hints = meta._is_signature_from_type_hint() or meta._is_type_hint_from_example()
    if meta.get_params_schema() is not None or typed_by_hints:
        return lambda data, params: model.predict(data, params=params or None)
    name = meta.flavors["python_function"].get("predict_fn", "predict")
    predict = getattr(model._model_impl, name)
    return lambda data, params: predict(data)  # noqa: ARG005 - such a model takes none


def _takes_columns_in_order(model: Any, names: list[str]) -> bool:
    """Whether this is scikit-learn's own estimator, fitted on these columns in this order."""
    flavor = model.metadata.flavors["python_function"]
    if flavor.get("loader_module") != "mlflow.sklearn" or flavor.get("predict_fn") != "predict":
        return False
    estimator = model.get_raw_model()
    own = type(estimator).__module__.startswith("sklearn.")
    return own and list(getattr(estimator, "feature_names_in_", ())) == names


def _agree(codec: TableCodec, call: Call, bare: Callable[[Any], Any], example: Raw) -> bool:
    """Whether the model says the same, bit for bit, of a table and of the bare matrix."""
    for raw in (example, _around(example)):
        matrix = codec.matrix(raw)
        try:
            same = np.array_equal(call(codec.table(raw), {}), bare(matrix), equal_nan=True)
        except Exception:  # noqa: BLE001 - a model that refuses either form keeps the table
            return False
        if not same:
            return False
    return True


def _around(example: Raw) -> Raw:
    """Return rows that scatter around the example's, near and far."""
    generator = np.random.default_rng(0)
    values = np.tile(np.array(example.columns, dtype=np.float64), 200 // example.rows + 1)
    values *= generator.normal(1.0, 1.0, values.shape)
    return Raw(values.tolist(), values.shape[1], 0)
