"""Secrets are taken out; programs stay programs."""

import ast
import time

import pytest

from labline.kernel.redaction import redact, redact_all, redact_source

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
KEYS = [
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "a1B2c3D4" * 5,
    "xoxb-123456789012-123456789012-abcdef",
    JWT,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNz",
]


@pytest.mark.parametrize("key", KEYS, ids=lambda key: key[:12])
def test_a_well_known_key_is_found_anywhere(key: str) -> None:
    assert redact(f"before {key} after").startswith("before ***")
    assert key not in redact_source(f"client = Client({key!r})\nx = '''{key}'''")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("password=hunter2", "password=***"),
        ("host=db user=me password=hunter2 port=5", "host=db user=me password=*** port=5"),
        ('token = "abc"', 'token = "***"'),
        ("aws_secret_access_key: wJalrXUtnFEMI", "aws_secret_access_key: ***"),
        ("postgresql://me:p@ss@db/x", "postgresql://me:***@db/x"),
        ("mysql --password hunter2 -h db", "mysql --password *** -h db"),
        ("Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer ***"),
        ("https://host/x?token=abc&y=1", "https://host/x?token=***&y=1"),
    ],
)
def test_what_is_given_to_a_secret_name_is_taken_out(text: str, left: str) -> None:
    assert redact(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "max_tokens=100",
        'tokenizer = "bert"',
        "token_count = 3",
        'sort_key="name"',
        "password={password}",
        "password=$PASSWORD",
        'password="env:DB_PASSWORD"',
        'secret = ""',
        "https://host:8080/path",
    ],
)
def test_innocent_text_stays(text: str) -> None:
    assert redact(text) == text
    assert redact_source(text) == text


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("connect(password=pw)", "connect(password=pw)"),
        ("password = getpass()", "password = getpass()"),
        ("f'{connect(password=pw)} password=abc'", "f'{connect(password=pw)} password=***'"),
        ("print('Enter password: ')\nx = 'abc'", "print('Enter password: ')\nx = 'abc'"),
        ('os.environ["DB_PASSWORD"] = "zz"', 'os.environ["DB_PASSWORD"] = "***"'),
        ('os.environ.setdefault("HF_TOKEN", "zz")', 'os.environ.setdefault("HF_TOKEN", "***")'),
        ('def f(token: str = "abc"): ...', 'def f(token: str = "***"): ...'),
        ('x = \'{"token": "abc"}\'', 'x = \'{"token": "***"}\''),
        ('token = (\n  "abc"\n)', 'token = (\n  "***"\n)'),
        ('if token == "abc": pass', 'if token == "abc": pass'),
        ('df[["token", "label"]]', 'df[["token", "label"]]'),
        ("# password: abc", "# password: ***"),
    ],
)
def test_a_program_loses_its_secrets_and_stays_a_program(source: str, left: str) -> None:
    assert redact_source(source) == left
    ast.parse(left)


def test_shell_lines_and_magics_are_text() -> None:
    assert redact_source("!mysql --password abc\n%env HF_TOKEN=abc") == (
        "!mysql --password ***\n%env HF_TOKEN=***"
    )


def test_values_of_secret_environment_variables_are_taken_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "opensesame")
    monkeypatch.setenv("DB_URL", "plain-but-referred")
    monkeypatch.setenv("HOME_DIR", "/home/somebody")
    assert redact("say opensesame") == "say ***"
    assert redact("env:DB_URL is plain-but-referred") == "env:DB_URL is ***"
    assert redact("in /home/somebody") == "in /home/somebody"


def test_data_is_redacted_all_the_way_down() -> None:
    event = {
        "source": "connect(password=pw, url='postgres://u:abc@h')",
        "values": {"api_key": "abc", "tokenizer": "bert", "token": "env:TOKEN", "n": 3},
        "cells": [{"source": ["token = 'abc'\n", "x = 1"]}],
    }
    assert redact_all(event) == {
        "source": "connect(password=pw, url='postgres://u:***@h')",
        "values": {"api_key": "***", "tokenizer": "bert", "token": "env:TOKEN", "n": 3},
        "cells": [{"source": ["token = '***'\n", "x = 1"]}],
    }


@pytest.mark.parametrize("text", ["-", "a", "x://", "password", "'", "token: ", "eyJ", "--a"])
def test_the_time_is_linear_in_the_text(text: str) -> None:
    text *= 100_000 // len(text)
    started = time.thread_time()
    redact(text)
    redact_source(text)
    assert time.thread_time() - started < 20, "with its square it would be minutes"
