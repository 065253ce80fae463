"""Whatever the flavor and the form of the request, the service says what pyfunc says."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import mlflow.pyfunc
import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pytest
from tests.integration.flavors import MODELS, Saved

from labline.serving.model_folder import ModelFolder

sys.path.insert(0, str(Path(__file__).parents[2] / "bentos" / "pyfunc"))

from bento_pyfunc.front import Front
from bento_pyfunc.media import Form
from bento_pyfunc.predictor import Predictor
from bento_pyfunc.spec import Spec

# The service turns it off for its whole process; pytest turns it on again for each test.
pytestmark = pytest.mark.filterwarnings("ignore:X does not have valid feature names")

JSON, NDJSON, ARROW = (form.value for form in Form)
#: models that a bare matrix goes straight to
SHORT = {"ridge", "several_outputs", "forest_of_words", "xgboost_regressor", "xgboost_booster",
         "lightgbm_regressor", "lightgbm_classifier", "onnx_of_columns"}  # fmt: skip
CLASSIFIERS = {"forest_of_words", "boosting_with_nulls", "mixed_pipeline", "lightgbm_classifier",
               "xgboost_classifier_with_nulls"}  # fmt: skip


class Served(NamedTuple):
    """A model behind the service's own app, and the model itself."""

    name: str
    data: Any
    model: Any
    front: Front

    def ask(self, body: bytes, kind: str, accept: str = "*/*", verb: str = "predict") -> Any:
        """Return the response to a body."""

        async def one() -> httpx.Response:
            transport = httpx.ASGITransport(self.front.around(_nothing))
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                headers = {"content-type": kind, "accept": accept}
                return await client.post(f"/{verb}", content=body, headers=headers)

        answer = asyncio.run(one())
        assert answer.status_code == 200, answer.text
        return answer


class Native:
    """A model whose rows MLflow does not take: asked by its own library."""

    def __init__(self, model: Any) -> None:
        self.get_raw_model = model.get_raw_model

    def predict(self, data: Any) -> Any:
        return self.get_raw_model().predict(data)


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError(scope["path"])


@pytest.fixture(scope="module", params=MODELS, ids=lambda make: make.__name__)
def served(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Served:
    make: Callable[[Path], Saved] = request.param
    saved = make(tmp_path_factory.mktemp("model") / "model")
    facts = ModelFolder.read(saved.folder, "m/1")
    spec = Spec(
        "m", 1, "", "", list(facts.inputs), list(facts.outputs), list(facts.params),
        example=json.loads(by_json(saved.data)), max_body_bytes=10**7, max_rows=10**5,
    )  # fmt: skip
    front = Front(spec)
    front.predictor = Predictor.load(saved.folder, spec)
    model: Any = mlflow.pyfunc.load_model(str(saved.folder))
    return Served(make.__name__, saved.data, Native(model) if saved.native else model, front)


def plain(data: Any) -> Any:
    """Return a table as rows, or an array as lists, as JSON has them."""
    if isinstance(data, np.ndarray):
        return data.tolist()
    return json.loads(
        orjson.dumps(data.to_dict("records"), option=orjson.OPT_SERIALIZE_NUMPY, default=_missing)
    )


def _missing(value: Any) -> Any:
    return value.isoformat() if isinstance(value, pd.Timestamp) else None


def by_json(data: Any) -> bytes:
    return json.dumps({"rows": plain(data)}).encode()


def by_columns(data: pd.DataFrame) -> bytes:
    rows = plain(data)
    return json.dumps({"columns": {name: [row[name] for row in rows] for name in data}}).encode()


def by_lines(data: pd.DataFrame) -> bytes:
    return b"\n".join(json.dumps(row).encode() for row in plain(data))


def by_arrow(data: Any) -> bytes:
    if isinstance(data, np.ndarray):
        table = pa.table(
            {"x": pa.FixedShapeTensorArray.from_numpy_ndarray(np.ascontiguousarray(data))}
        )
    else:
        table = pa.Table.from_pandas(data, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def same(found: Any, wanted: Any) -> None:
    """Assert that predictions are, bit for bit, what pyfunc said."""
    if isinstance(wanted, pd.DataFrame):
        frame = pd.DataFrame(found).astype(wanted.dtypes.to_dict())
        pd.testing.assert_frame_equal(frame, wanted.reset_index(drop=True), check_exact=True)
    elif isinstance(wanted, dict):
        assert set(found) == set(wanted)
        for name, values in wanted.items():
            np.testing.assert_array_equal(np.asarray(found[name], values.dtype), values)
    else:
        values = np.asarray(wanted)
        np.testing.assert_array_equal(np.asarray(found, values.dtype), values, strict=True)


def of_arrow(answer: httpx.Response, wanted: Any) -> Any:
    table = pa.ipc.open_stream(answer.content).read_all()
    if table.column_names == ["prediction"]:
        return table.column(0).to_pylist()
    columns = table.to_pydict()
    return columns if isinstance(wanted, dict) else table.to_pandas()


def test_by_json_it_says_what_pyfunc_says(served: Served) -> None:
    wanted = served.model.predict(served.data)
    same(served.ask(by_json(served.data), JSON).json()["predictions"], wanted)
    if not isinstance(served.data, np.ndarray):
        same(served.ask(by_columns(served.data), JSON).json()["predictions"], wanted)


def test_by_arrow_it_says_what_pyfunc_says(served: Served) -> None:
    wanted = served.model.predict(served.data)
    answer = served.ask(by_arrow(served.data), ARROW)
    assert answer.headers["content-type"] == ARROW
    same(of_arrow(answer, wanted), wanted)
    same(served.ask(by_arrow(served.data), ARROW, JSON).json()["predictions"], wanted)


def test_by_lines_it_says_what_pyfunc_says(served: Served) -> None:
    if isinstance(served.data, np.ndarray):
        return
    wanted = served.model.predict(served.data)
    answer = served.ask(by_lines(served.data), NDJSON)
    assert answer.headers["content-type"] == NDJSON
    rows = [json.loads(line) for line in answer.text.splitlines()]
    table = isinstance(wanted, pd.DataFrame)
    # Predictions that are objects are lines themselves.
    same(rows if table else [row.get("prediction", row) for row in rows], wanted)


def test_a_single_row_gets_its_own_answer(served: Served) -> None:
    few = served.data[-1:]
    same(served.ask(by_json(few), JSON).json()["predictions"], served.model.predict(few))


def test_the_short_way_is_taken_where_there_is_one_and_says_the_same_bits(served: Served) -> None:
    predictor = served.front.predictor
    assert predictor is not None
    assert bool(predictor._short) == (served.name in SHORT)
    if predictor._short:
        request = predictor.codec.decode(by_json(served.data))
        table = predictor.codec.data.table(request.raw)
        for verb, short in predictor._short.items():
            long = predictor._calls[verb](table, {})
            data: Any = predictor.codec.data
            same(short(data.matrix(request.raw)), long)


def test_a_classifier_says_the_probability_of_each_class(served: Served) -> None:
    predictor = served.front.predictor
    assert predictor is not None
    assert ("predict_proba" in predictor.verbs) == (served.name in CLASSIFIERS)
    if predictor.classes is None:
        return
    wanted = served.model.get_raw_model().predict_proba(served.data)
    body = served.ask(by_json(served.data), JSON, verb="predict_proba").json()
    assert body["classes"] == served.model.get_raw_model().classes_.tolist()
    same(body["probabilities"], wanted)
    answer = served.ask(by_arrow(served.data), ARROW, verb="predict_proba")
    table = pa.ipc.open_stream(answer.content).read_all()
    assert table.column_names == [str(name) for name in body["classes"]]
    same(table.to_pandas().to_numpy(), wanted)
    path = served.front._openapi()[1]
    assert b'"/predict_proba"' in path
