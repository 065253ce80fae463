"""The model: load it, find the shortest way through it, warm it, predict."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd

from bento_pyfunc import batches
from bento_pyfunc.body import count
from bento_pyfunc.codec import Codec, Request
from bento_pyfunc.media import JSON, Exchange, Form
from bento_pyfunc.problems import Problem
from bento_pyfunc.shortcuts import Bare, bare, probabilities
from bento_pyfunc.spec import Spec
from bento_pyfunc.tables import Raw, TableCodec
from bento_pyfunc.turns import Order

logger = logging.getLogger(__name__)

Call = Callable[[Any, dict[str, Any]], Any]

#: containers made and not yet freed that make the collector look for cycles; Python: 700
_COLLECT_AFTER = 50_000
#: bytes up to which a body is small: answered at once by a quick model, or with others
SMALL = 8192
#: the same of an Arrow stream: nothing in it is parsed
_SMALL_ARROW = 2**17
#: the same of JSON, where parsing all of it takes no longer than :data:`_BRIEF`
_SMALL_JSON = 2**18
#: seconds up to which what takes no longer is answered at once
_QUICK = 0.002
#: the same of a body of many rows: predictions wait for one another anyway, and to hand one to a
#: thread costs a fifth of it where that runs on another processor
_BRIEF = 0.01


class Predictor:
    """Answers bodies with bodies; safe to call from one thread at a time.

    Parameters
    ----------
    model
        The loaded ``mlflow.pyfunc.PyFuncModel``.
    """

    def __init__(self, model: Any, spec: Spec) -> None:
        self.codec = Codec(spec)
        self._calls: dict[str, Call] = {"predict": _call(model)}
        found = probabilities(model)
        #: labels of the classes where the model gives a probability for each
        self.classes: list[Any] | None = None
        if found is not None:
            self.classes, ask = found
            self._calls["predict_proba"] = lambda data, params: ask(data)  # noqa: ARG005
        #: verb -> the way by a bare matrix
        self._short: dict[str, Bare] = {}
        #: verb -> what the model says of the example; empty before :meth:`warm`
        self.examples: dict[str, dict[str, Any]] = {}
        #: bytes up to which a body of a form is answered at once: of a model of a known library, by
        #: measurement. A model with code of its own may wait for anything.
        self.at_once: dict[Form, int] = {}
        #: orders that :meth:`answer_all` takes at once; 1 where that does not pay
        self.together = 1
        #: the measurement behind it; ``None`` where none was made
        self.trial: dict[str, Any] | None = None
        #: commas that a body of JSON has at most which is answered at once and is not small
        self._commas = 0
        self._max_rows = spec.max_rows
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

    @property
    def verbs(self) -> frozenset[str]:
        """What can be asked: ``predict``, and ``predict_proba`` of a classifier that has it."""
        return frozenset(self._calls)

    def is_brief(self, order: Order) -> bool:
        """Whether an order is answered on the event loop: a thread would take longer to get it."""
        form, size = order.exchange.reads, len(order.body)
        if size > self.at_once.get(form, 0):
            return False
        # As many bytes have several times the values where those are short, and in columns.
        return form is not Form.JSON or size <= SMALL or count(order.body, b",") <= self._commas

    def answer(self, body: bytes, exchange: Exchange = JSON, verb: str = "predict") -> bytes:
        """Return the response body for a request body, in the forms of `exchange`.

        Raises
        ------
        Problem
            The request cannot be answered.
        Exception
            The model raised.
        """
        request = self.codec.decode(body, exchange.reads)
        return self._encode(self._predict(request, verb), exchange, verb)

    def _encode(self, said: Any, exchange: Exchange, verb: str) -> bytes:
        classes = self.classes if verb == "predict_proba" else None
        return self.codec.encode(said, exchange.writes, classes)

    def answer_all(self, orders: list[Order]) -> list[bytes | Exception]:
        """Answer several orders, the small ones of one verb by asking the model once."""
        matrices = {at: matrix for at, order in enumerate(orders)
                    if (matrix := self._small(order)) is not None}  # fmt: skip
        outcomes: dict[int, bytes] = {}
        for verb in {orders[at].verb for at in matrices}:
            group = [at for at in matrices if orders[at].verb == verb]
            try:
                said = batches.together(self._short[verb], [matrices[at] for at in group])
                bodies = [self._encode(one, orders[at].exchange, verb)
                          for at, one in zip(group, said, strict=True)]  # fmt: skip
            except Exception:  # noqa: BLE001 - alone, each gets its own answer or error
                continue
            outcomes |= dict(zip(group, bodies, strict=True))
        return [outcomes.get(at) or self._alone(order) for at, order in enumerate(orders)]

    def _small(self, order: Order) -> Any:
        """Return the matrix of an order that may go with others; errors come up alone."""
        data = self.codec.data
        if len(order.body) > SMALL or not isinstance(data, TableCodec):
            return None
        try:
            return data.matrix(self.codec.decode(order.body, order.exchange.reads).raw)
        except Problem:
            return None

    def _alone(self, order: Order) -> bytes | Exception:
        try:
            return self.answer(*order)
        except Exception as error:  # noqa: BLE001 - whoever asked gets it
            return error

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
        self._short = self._shortcuts(example)
        self.examples = {
            verb: orjson.loads(self.answer(self._example, JSON, verb)) for verb in self._calls
        }
        if self.verbs == set(self._short):
            self._try_at_once(self._example, example)
            self._try_together(example)
        # Nothing loaded so far is garbage: spare every later collection the walk through it.
        gc.collect()
        gc.freeze()
        # A request's thousands of dicts are gone when it is answered, without a collection each.
        gc.set_threshold(_COLLECT_AFTER, 10, 10)

    def _try_together(self, example: Request) -> None:
        data: Any = self.codec.data
        matrix = data.matrix(_around(example.raw))
        trial = batches.try_out(list(self._short.values()), matrix)
        self.together, self.trial = trial.together, trial._asdict()

    def _try_at_once(self, body: bytes, example: Request) -> None:
        if batches.seconds(lambda: self.answer(body)) > _QUICK:
            return
        self.at_once = dict.fromkeys(Form, SMALL)
        data: Any = self.codec.data
        matrix = data.matrix(_around(example.raw, _SMALL_ARROW // (8 * len(data.names))))
        if all(batches.seconds(lambda s=short: s(matrix)) <= _QUICK
               for short in self._short.values()):  # fmt: skip
            self.at_once[Form.ARROW] = _SMALL_ARROW
        many = _records(data.names, matrix[: self._max_rows])
        if len(many) > SMALL and self._answers_within(_BRIEF, many):
            self.at_once[Form.JSON], self._commas = len(many), count(many, b",")

    def _answers_within(self, seconds: float, body: bytes) -> bool:
        try:
            return all(
                batches.seconds(lambda v=verb: self.answer(body, JSON, v)) <= seconds
                for verb in self._calls
            )
        except Problem:  # of numbers that JSON does not have
            return False

    def _predict(self, request: Request, verb: str) -> Any:
        data, short = self.codec.data, self._short.get(verb)
        if short is not None and isinstance(data, TableCodec):
            matrix = data.matrix(request.raw)
            if matrix is not None:
                return short(matrix)
        return self._calls[verb](data.table(request.raw), request.params)

    def _shortcuts(self, example: Request) -> dict[str, Bare]:
        data = self.codec.data
        if not isinstance(data, TableCodec) or not data.is_matrix or self.codec.params:
            return {}
        if data.matrix(example.raw) is None:
            return {}
        return {
            verb: short
            for verb, short in bare(self._model, data.names).items()
            if verb in self._calls and _agree(data, self._calls[verb], short, example.raw)
        }


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


def _agree(codec: TableCodec, call: Call, short: Bare, example: Raw) -> bool:
    """Whether the model says the same, bit for bit, of a table and of the bare matrix."""
    for raw in (example, _around(example)):
        matrix = codec.matrix(raw)
        try:
            same = _same(call(codec.table(raw), {}), short(matrix))
        except Exception:  # noqa: BLE001 - a model that refuses either form keeps the table
            return False
        if not same:
            return False
    return True


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, pd.DataFrame):
        return one.equals(other)
    return np.array_equal(one, other, equal_nan=np.asarray(one).dtype.kind in "fc")


def _records(names: list[str], matrix: np.ndarray[Any, Any]) -> bytes:
    """Return rows of a matrix as a body of JSON, as many as :data:`_SMALL_JSON` holds."""
    rows = [dict(zip(names, row, strict=True)) for row in matrix.tolist()]
    size = len(orjson.dumps(rows))
    return orjson.dumps({"rows": rows[: len(rows) * (_SMALL_JSON - 10) // size]})


def _around(example: Raw, rows: int = 200) -> Raw:
    """Return so many rows, or some more, that scatter around the example's, near and far."""
    generator = np.random.default_rng(0)
    values = np.tile(np.array(example.columns, dtype=np.float64), rows // example.rows + 1)
    values *= generator.normal(1.0, 1.0, values.shape)
    return Raw(values.tolist(), values.shape[1], 0)
