"""The table of what an error becomes over HTTP."""

import pytest
from tornado.web import HTTPError

from labline import errors
from labline.server.answers import answer_to


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.BadInput("x"), 400),
        (errors.NotFound("x"), 404),
        (errors.Refused("x"), 409),
        (errors.Conflict("x"), 409),
        (errors.Unreachable("x"), 503),
        (errors.LablineError("x"), 500),
    ],
)
def test_an_error_brings_its_own_status(error, status):
    assert answer_to(error) == (status, error.to_dict())


def test_details_travel_with_the_error():
    error = errors.Refused("No.", fix="Ask.", gate="metric")
    _, body = answer_to(error)
    expected = {"error": "Refused", "message": "No.", "fix": "Ask.", "details": {"gate": "metric"}}
    assert body == expected


def test_a_bug_tells_its_kind_and_nothing_of_its_text():
    status, body = answer_to(KeyError("secret"))
    assert status == 500
    assert body["error"] == "KeyError"
    assert "secret" not in str(body)


def test_a_refusal_of_the_web_server_keeps_its_status():
    status, body = answer_to(HTTPError(403))
    assert (status, body["error"], body["message"]) == (403, "HTTPError", "Forbidden")


def test_an_end_without_an_exception_has_the_same_shape():
    assert answer_to(None, 405) == (
        405,
        {"error": "HTTPError", "message": "Method Not Allowed", "fix": ""},
    )
