"""Bytes to a JSON document, without guessing."""

import pytest
from bento_pyfunc.body import (
    outside_strings,
    parse,
    refuse_repeated_keys,
    refuse_too_many_rows,
)
from bento_pyfunc.problems import Problem


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"rows": [}',
        b'{"rows": NaN}',
        b'{"rows": -Infinity}',
        b'{"rows": 1e999}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"[]",
        b'"text"',
        b"null",
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_object_is_malformed(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        parse(body)
    assert caught.value.status == 400


def test_nan_is_answered_with_what_to_send_instead() -> None:
    with pytest.raises(Problem, match="send null"):
        parse(b'{"rows": [{"x": NaN}]}')


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        (b'{"a": {"b": 1, "b": 2}}', 2),
        (b'{"a": 1, "\\u0061": 2}', 1),
        (b'{"a": "x:y", "a": "x"}', 1),
        (b'{"a": "\\":", "a": 1}', 1),
        (b'{"a": "' + b" " * 300_000 + b'", "a": 1}', 1),
        (b'{"b": ' + b"[" * 1000 + b'{"a": 1, "a": 2}' + b"]" * 1000 + b"}", 2),
    ],
    ids=["deep", "escaped", "beside a colon", "beside a quote", "in a large body", "very deep"],
)
@pytest.mark.parametrize("counts", [True, False])
def test_a_repeated_key_is_malformed(body: bytes, keys: int, counts: bool) -> None:
    with pytest.raises(Problem, match="there twice") as caught:
        refuse_repeated_keys(body, parse(body), keys if counts else None)
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("body", "keys"),
    [
        (b'{"a": 1, "b": {"a": 1}}', 3),
        (b'{"a": "2020-01-01T10:00:00", "b:c": ":"}', 2),
        (b'{"a": "\\\\", "b": "\\"x\\":"}', 2),
    ],
)
def test_colons_inside_strings_are_no_keys(body: bytes, keys: int) -> None:
    refuse_repeated_keys(body, parse(body), keys)


@pytest.mark.parametrize("size", [1, 300_000])
def test_an_object_where_none_belongs_is_no_repeated_key(size: int) -> None:
    body = b'{"rows": [{"x": {"y": 1}, "z": "' + b" " * size + b'"}]}'
    refuse_repeated_keys(body, parse(body), 3)
    deep = b'{"rows": ' + b"[" * 1000 + b'{"a": 1}' + b"]" * 1000 + b"}"
    refuse_repeated_keys(deep, parse(deep), 1)


@pytest.mark.parametrize(
    ("body", "mark", "found"),
    [
        (b'{"a": 1, "b": {}}', b"{", 2),
        (b'{"a{": "{{{", "b": {}}', b"{", 2),
        (rb'{"a\"{": "\\", "b{\\\"{": {}}', b"{", 2),
        (b'{"a": "' + b"{" * 3_000_000 + b'", "b": {}}', b"{", 2),
    ],
    ids=["plain", "in strings", "behind escapes", "over chunks"],
)
def test_marks_are_counted_outside_of_strings(body: bytes, mark: bytes, found: int) -> None:
    assert outside_strings(body, mark, 100) == found


def test_counting_ends_where_the_limit_is_passed() -> None:
    assert outside_strings(b"[" + b"," * 5_000_000, b",", 10) < 2_000_000


@pytest.mark.parametrize(
    "body",
    [
        b'{"rows":[' + b",".join([b'{"x":1}'] * 200_000) + b"]}",
        b'{"columns":{"x":[' + b",".join([b"1"] * 300_000) + b"]}}",
        b'{"dataframe_split":{"columns":["x"],"data":[' + b",".join([b"[1]"] * 300_000) + b"]}}",
    ],
    ids=["rows", "columns", "split"],
)
def test_far_too_many_rows_are_refused_before_they_are_parsed(body: bytes) -> None:
    with pytest.raises(Problem, match="more than 1000 rows"):
        refuse_too_many_rows(body, 1000, 1)


def test_as_many_rows_as_are_allowed_pass_with_braces_in_their_strings() -> None:
    row = b'{"x":"' + b"{,}" * 200 + b'"}'
    refuse_too_many_rows(b'{"rows":[' + b",".join([row] * 1000) + b"]}", 1000, 1)
