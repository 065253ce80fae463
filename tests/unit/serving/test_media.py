"""Which form a request and its answer have."""

from __future__ import annotations

import pytest
from bento_pyfunc.media import Exchange, Form, negotiate
from bento_pyfunc.problems import Problem


def forms(kind: str, accept: str | None = None) -> Exchange:
    headers = {b"content-type": kind.encode()}
    return negotiate(headers | ({} if accept is None else {b"accept": accept.encode()}))


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("application/json", Form.JSON),
        ("application/vnd.api+json", Form.JSON),
        ("application/x-ndjson", Form.NDJSON),
        ("application/jsonl; charset=utf-8", Form.NDJSON),
        ("application/vnd.apache.arrow.stream", Form.ARROW),
        ("Application/Vnd.Apache.Arrow.Stream", Form.ARROW),
    ],
)
@pytest.mark.parametrize("accept", [None, "*/*", "application/*", "text/html, */*;q=0.8"])
def test_without_a_wish_the_answer_has_the_form_of_the_request(
    kind: str, form: Form, accept: str | None
) -> None:
    assert forms(kind, accept) == Exchange(form, form)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("application/json", Form.JSON),
        ("application/x-ndjson;q=0.5, application/json;q=0.4", Form.NDJSON),
        ("application/json;q=0.4, application/vnd.apache.arrow.stream", Form.ARROW),
        ("application/json;q=0.1, */*", Form.ARROW),
        ("application/json, */*;q=0.1", Form.JSON),
        ("application/json , text/csv", Form.JSON),
        ("*/*, application/vnd.apache.arrow.stream;q=0", Form.JSON),
        (
            "application/vnd.apache.arrow.stream;q=0.1, application/x-ndjson;q=0.2, */*;q=0",
            Form.NDJSON,
        ),
        ("application/*;q=0.2, application/x-ndjson;q=0.3, */*", Form.NDJSON),
        ("application/jsonl, application/json", Form.NDJSON),
    ],
)
def test_the_answer_has_the_form_that_is_liked_best(accept: str, form: Form) -> None:
    assert forms(Form.ARROW.value, accept) == Exchange(Form.ARROW, form)


@pytest.mark.parametrize(
    "accept",
    [
        "text/csv",
        "application/json;q=0",
        "application/json;q=x",
        ";q=1,,",
        "text/*",
        "application/*;q=0, */*",
    ],
)
def test_a_wish_that_cannot_be_met_is_a_406_that_says_what_can(accept: str) -> None:
    with pytest.raises(Problem, match="application/x-ndjson") as caught:
        forms("application/json", accept)
    assert caught.value.status == 406


@pytest.mark.parametrize(
    ("headers", "answered"),
    [
        (
            {b"content-type": b"text/csv"},
            (
                b"accept",
                b"application/json, application/x-ndjson, application/vnd.apache.arrow.stream",
            ),
        ),
        (
            {b"content-type": b"application/json", b"content-encoding": b"gzip"},
            (b"accept-encoding", b"identity"),
        ),
    ],
)
def test_a_415_says_what_is_read(
    headers: dict[bytes, bytes], answered: tuple[bytes, bytes]
) -> None:
    with pytest.raises(Problem) as caught:
        negotiate(headers)
    assert (caught.value.status, caught.value.headers) == (415, [answered])
