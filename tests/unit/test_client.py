"""The client of an endpoint, against a server that answers as told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pytest

from labline.client import Answer, AsyncClient, Client, InputRefused, KeyRefused, encode
from labline.errors import BadInput, Failed, Unreachable

ARROW = "application/vnd.apache.arrow.stream"
OK = (200, {"predictions": [1.5, 2.5], "model": "flats/3"})
BUSY = (503, {"title": "Service Unavailable", "detail": "No release can answer."})


class Endpoint:
    """Gives its answers in turn, the last one again and again, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Any]] = [OK]
        self.asked: list[tuple[dict[str, str], Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                head = {name.lower(): value for name, value in self.headers.items()}
                arrow = head["content-type"] == ARROW
                asked = pa.ipc.open_stream(body).read_all() if arrow else orjson.loads(body)
                outer.asked.append((head | {"path": self.path}, asked))
                left = outer.answers
                status, content = left.pop(0) if len(left) > 1 else left[0]
                if status == 0:
                    self.close_connection = True
                    return
                said = content if isinstance(content, bytes) else orjson.dumps(content)
                self.send_response(status)
                if said.startswith(b"\xff\xff\xff\xff"):
                    self.send_header("content-type", ARROW)
                self.send_header("content-length", str(len(said)))
                self.send_header("x-labline-release", "7")
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/flats"


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def ask(kind: type, url: str, data: Any, verb: str = "predict", **options: Any) -> Answer:
    """Ask with either client."""
    if kind is Client:
        with Client(url, key="secret") as client:
            answer: Answer = getattr(client, verb)(data, **options)
            return answer

    async def one() -> Answer:
        async with AsyncClient(url, key="secret") as client:
            answer: Answer = await getattr(client, verb)(data, **options)
            return answer

    return asyncio.run(one())


both = pytest.mark.parametrize("kind", [Client, AsyncClient])


@both
def test_a_table_goes_in_and_a_table_with_its_index_comes_out(
    kind: type, endpoint: Endpoint
) -> None:
    table = pd.DataFrame({"rooms": [2, 3], "area": [48.5, np.nan]}, index=["x", "y"])
    answer = ask(kind, endpoint.url, table, params={"by": 2}, request_id="order-7")
    head, body = endpoint.asked[0]
    assert head["path"] == "/flats/predict"
    assert head["authorization"] == "Bearer secret"
    assert head["x-request-id"] == answer.request_id == "order-7"
    assert body == {"columns": {"rooms": [2, 3], "area": [48.5, None]}, "params": {"by": 2}}
    assert (answer.model, answer.release) == ("flats/3", "7")
    wanted = pd.DataFrame({"prediction": [1.5, 2.5]}, index=["x", "y"])
    pd.testing.assert_frame_equal(answer.frame(), wanted)


def stream(**columns: Any) -> bytes:
    table = pa.table(columns).replace_schema_metadata({"model": "flats/3"})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


MANY = pd.DataFrame(
    {"area": np.linspace(1, 99, 1000), "kind": pd.Categorical(["a", "b"] * 500)},
    index=range(5, 1005),
).replace({"area": {99.0: np.nan}})


@both
def test_a_large_table_travels_as_an_arrow_stream_both_ways(kind: type, endpoint: Endpoint) -> None:
    endpoint.answers = [(200, stream(prediction=MANY["area"].fillna(0)))]
    answer = ask(kind, endpoint.url, MANY, params={"by": 2})
    head, table = endpoint.asked[0]
    assert head["content-type"] == ARROW
    assert table.column("area").null_count == 1
    assert table.column("kind").to_pylist() == ["a", "b"] * 500
    assert table.schema.metadata == {b"params": b'{"by":2}'}
    assert (answer.model, answer.release) == ("flats/3", "7")
    frame = answer.frame()
    assert frame["prediction"].tolist() == MANY["area"].fillna(0).tolist()
    assert frame.index.equals(MANY.index)


@both
@pytest.mark.parametrize("status", [415, 406])
def test_a_service_that_has_no_arrow_is_asked_in_json(
    kind: type, endpoint: Endpoint, status: int
) -> None:
    endpoint.answers = [(status, {"title": "no"}), OK]
    assert ask(kind, endpoint.url, MANY).predictions == [1.5, 2.5]
    first, second = endpoint.asked
    assert (first[0]["content-type"], second[0]["content-type"]) == (ARROW, "application/json")
    assert first[0]["x-request-id"] == second[0]["x-request-id"]
    assert second[1]["columns"]["area"][-1] is None


def test_a_refusal_of_json_is_not_asked_again(endpoint: Endpoint) -> None:
    endpoint.answers = [(415, {"title": "no"})]
    with Client(endpoint.url) as client, pytest.raises(InputRefused):
        client.predict([{"rooms": 2}])
    assert len(endpoint.asked) == 1


def test_a_large_table_of_mixed_values_travels_as_json(endpoint: Endpoint) -> None:
    with Client(endpoint.url) as client:
        client.predict(pd.DataFrame({"a": [1, "x"] * 1000}))
    assert endpoint.asked[0][1]["columns"]["a"][:2] == [1, "x"]


@pytest.mark.parametrize("kind", [dict, lambda items: [dict(items)]])
def test_a_large_table_of_dicts_travels_as_json_each_with_its_own_keys(
    kind: Any, endpoint: Endpoint
) -> None:
    cells = [kind({"egg": 0.5}.items()), kind({"milk": 1.5}.items())] * 1000
    with Client(endpoint.url) as client:
        client.predict(pd.DataFrame({"prices": cells}))
    assert endpoint.asked[0][1]["columns"]["prices"] == cells


@pytest.mark.parametrize("rows", [1, 2000])
def test_parameters_without_a_form_in_json_are_refused(rows: int, endpoint: Endpoint) -> None:
    table = pd.DataFrame({"a": [1.0] * rows})
    with Client(endpoint.url) as client, pytest.raises(InputRefused, match="no form in JSON"):
        client.predict(table, params={"by": object()})


@both
def test_probabilities_come_by_the_name_of_the_class(kind: type, endpoint: Endpoint) -> None:
    json = {"classes": [False, True], "probabilities": [[0.25, 0.75]], "model": "flats/3"}
    endpoint.answers = [(200, json), (200, stream(no=[0.25], yes=[0.75]))]
    for names in (["False", "True"], ["no", "yes"]):
        frame = ask(kind, endpoint.url, [{"rooms": 2}], verb="predict_proba").frame()
        assert frame.to_dict("list") == {names[0]: [0.25], names[1]: [0.75]}
    assert endpoint.asked[0][0]["path"] == "/flats/predict_proba"


@both
def test_rows_go_in_as_they_are(kind: type, endpoint: Endpoint) -> None:
    answer = ask(kind, endpoint.url, [{"rooms": 2}, {"rooms": np.int64(3)}])
    assert endpoint.asked[0][1] == {"rows": [{"rooms": 2}, {"rooms": 3}]}
    assert answer.predictions == [1.5, 2.5]
    assert list(answer.frame().index) == [0, 1]


@both
def test_a_busy_endpoint_is_asked_again_under_the_same_id(kind: type, endpoint: Endpoint) -> None:
    endpoint.answers = [BUSY, BUSY, OK]
    assert ask(kind, endpoint.url, [{"rooms": 2}]).model == "flats/3"
    ids = {head["x-request-id"] for head, _ in endpoint.asked}
    assert (len(endpoint.asked), len(ids)) == (3, 1)


@both
def test_an_endpoint_that_stays_busy_is_unreachable_after_all_tries(
    kind: type, endpoint: Endpoint
) -> None:
    endpoint.answers = [BUSY]
    with pytest.raises(Unreachable, match="No release can answer"):
        ask(kind, endpoint.url, [{"rooms": 2}])
    assert len(endpoint.asked) == 4


@both
def test_a_connection_lost_on_the_way_is_not_asked_again(kind: type, endpoint: Endpoint) -> None:
    endpoint.answers = [(0, None)]
    with pytest.raises(Unreachable, match="does not answer"):
        ask(kind, endpoint.url, [{"rooms": 2}])
    assert len(endpoint.asked) == 1


@both
def test_what_a_release_may_have_begun_is_not_asked_again(kind: type, endpoint: Endpoint) -> None:
    endpoint.answers = [(502, {"title": "Bad Gateway", "detail": "The release ended."})]
    with pytest.raises(Unreachable, match="The release ended"):
        ask(kind, endpoint.url, [{"rooms": 2}])
    assert len(endpoint.asked) == 1


def test_nobody_there_is_unreachable(endpoint: Endpoint) -> None:
    with Client("http://127.0.0.1:1/x", retries=1) as client, pytest.raises(Unreachable):
        client.predict([{"rooms": 2}])


@pytest.mark.parametrize(("status", "kind"), [
    (400, InputRefused), (422, InputRefused), (413, InputRefused), (401, KeyRefused),
    (403, KeyRefused), (500, Failed), (504, Unreachable),
])  # fmt: skip
def test_a_problem_becomes_an_error_that_says_it(
    endpoint: Endpoint, status: int, kind: type[Exception]
) -> None:
    problem = {"detail": "area (row 1): is missing.", "errors": [{"field": "area", "row": 1}]}
    endpoint.answers = [(status, problem)]
    with Client(endpoint.url) as client, pytest.raises(kind, match="area") as caught:
        client.predict([{"rooms": 2}])
    assert caught.value.details["problem"] == problem  # type: ignore[attr-defined]
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("said", [b"<html>", b"[]", b'{"detail": "hello"}'])
def test_what_is_no_labline_endpoint_is_said_so(endpoint: Endpoint, said: bytes) -> None:
    endpoint.answers = [(200, said)]
    with Client(endpoint.url) as client, pytest.raises(Failed, match="not as a labline endpoint"):
        client.predict([{"rooms": 2}])


def test_every_kind_of_column_has_its_form() -> None:
    table = pd.DataFrame(
        {
            "when": pd.to_datetime(["2026-01-31T12:00:00", None]),
            "kind": pd.Categorical(["a", None]),
            "count": pd.array([1, None], dtype="Int64"),
            "yes": [True, False],
            "raw": [b"\x00", b"\x01"],
            "text": ["x", None],
        }
    )
    assert orjson.loads(encode(table))["columns"] == {
        "when": ["2026-01-31T12:00:00", None],
        "kind": ["a", None],
        "count": [1, None],
        "yes": [True, False],
        "raw": ["AA==", "AQ=="],
        "text": ["x", None],
    }


def test_what_numpy_and_lists_hold_has_its_form() -> None:
    row = {
        "when": np.datetime64("2026-01-31T12:00:00", "ns"),
        "never": np.datetime64("NaT", "ns"),
        "many": np.array([1.5, np.nan], np.float32),
        "raw": [b"\x00"],
        "place": {"floor": np.int64(2), "seen": (np.bool_(True),)},
    }
    assert orjson.loads(encode([row]))["rows"] == [
        {
            "when": "2026-01-31T12:00:00",
            "never": None,
            "many": [1.5, None],
            "raw": ["AA=="],
            "place": {"floor": 2, "seen": [True]},
        }
    ]


@pytest.mark.parametrize(
    "value",
    [float("inf"), float("-inf"), np.float32("inf"), [1.0, np.inf], {"x": [-np.inf]},
     np.array([np.inf])],
)  # fmt: skip
def test_an_infinity_is_refused_before_it_would_become_missing(value: float) -> None:
    for data in (pd.DataFrame({"area": [1.0, value]}), [{"area": 1.0}, {"area": value}]):
        with pytest.raises(InputRefused, match=r"area \(row 1\) is infinite"):
            encode(data)


def test_what_json_cannot_say_is_refused() -> None:
    with pytest.raises(InputRefused, match="Two columns are named 'a'"):
        encode(pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(InputRefused, match="no form in JSON"):
        encode([{"a": object()}])


def test_predictions_that_are_objects_become_columns() -> None:
    answer = Answer([{"low": 1, "high": 2}], "m/1", "id")
    assert answer.frame().to_dict("list") == {"low": [1], "high": [2]}


def test_something_that_is_no_url_is_refused() -> None:
    with pytest.raises(BadInput, match="no URL"):
        Client("penguins")


def test_a_certificate_that_is_none_is_named(tmp_path):
    (tmp_path / "cert.pem").write_text("hello")
    for name in ("cert.pem", "missing.pem"):
        with pytest.raises(BadInput, match=f"{name}' is no certificate"):
            Client("https://127.0.0.1:1/churn", certificate=str(tmp_path / name))


@both
@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"rooms": 2}, "one row, not a list of rows"),
        (pd.Series([2], name="rooms"), "Series whose row 0"),
        ("rooms", "str whose row 0"),
        ([{"rooms": 2}, 3], "list whose row 1"),
        (7, "int whose row 0"),
    ],
)
def test_what_is_no_rows_is_refused_in_words(
    kind: type, endpoint: Endpoint, data: Any, words: str
) -> None:
    with pytest.raises(InputRefused, match=words) as refused:
        ask(kind, endpoint.url, data)
    assert "Give " in refused.value.fix
    assert not endpoint.asked


def test_the_url_of_a_prediction_is_told_from_that_of_an_endpoint(endpoint: Endpoint) -> None:
    with pytest.raises(BadInput, match="asks for predictions") as refused:
        Client(f"{endpoint.url}/predict")
    assert refused.value.fix.endswith(endpoint.url)


def test_an_endpoint_that_is_not_there_has_no_description_to_see(endpoint: Endpoint) -> None:
    problem = {"type": "about:blank", "detail": "There is no such endpoint here."}
    endpoint.answers = [(404, problem)]
    with pytest.raises(InputRefused, match="no such endpoint") as refused:
        ask(Client, endpoint.url, [{"rooms": 2}])
    assert "labline endpoints" in refused.value.fix
