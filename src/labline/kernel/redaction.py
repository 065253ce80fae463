"""Take secrets out of text before it is written anywhere.

Three things count as a secret: what looks like a well-known key, what is assigned to a name that
says so (``password=...``), and the values of environment variables that are named like secrets or
referred to as ``env:NAME``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

MASK = "***"
# Shorter values would be found all over innocent text.
_SHORTEST = 6

_SECRET_WORD = (
    r"(?:password|passwd|passphrase|pwd|secret|token|credentials?"
    r"|(?:api|access|account|private|secret|auth|encryption|signing)[_-]?key)"
)
_NAMED_LIKE_A_SECRET = re.compile(
    r"(?:^|_)(?:TOKEN|KEY|SECRET|PASSPHRASE|CREDENTIALS?)$|PASSWORD|PASSWD", re.IGNORECASE
)
_KEY_IS_SECRET = re.compile(rf"^[\w .-]{{0,80}}?{_SECRET_WORD}$", re.IGNORECASE)
_REFERENCE = re.compile(r"\benv:([A-Za-z_]\w*)")

_WELL_KNOWN = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?"
    r"(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\Z)"
    r"|\b(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{20,}"
    r"|\bgithub_pat_[A-Za-z0-9_]{22,}"
    r"|\bglpat-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|\bxapp-[A-Za-z0-9-]{10,}"
    r"|https://hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/_-]+"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"
    r"|\bhf_[A-Za-z0-9]{30,}"
    r"|\bsk-[A-Za-z0-9_-]{20,}"
    r"|\bsk_live_[A-Za-z0-9]{16,}"
    r"|\bAIza[A-Za-z0-9_-]{35}"
    r"|\bpypi-[A-Za-z0-9_-]{40,}"
    r"|\bnpm_[A-Za-z0-9]{36}",
    re.DOTALL,
)
_URL = re.compile(r"(?<=://)([^\s:/@'\"]*):[^\s/'\"]+@")
_BEARER = re.compile(r"(?i)(\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/-]{12,}=*")

# A name that ends with the word is a secret: `hf_token`; not `token_count`, not `tokenizer`.
# What comes before the word is not matched, so that the time stays linear in the text.
_ASSIGNED = rf"{_SECRET_WORD}['\"]?\]?(?:\s*:\s*[\w.\[\]| ]{{1,40}}?)?\s*(?:(?<![=!<>])=(?!=)|:)\s*"
_QUOTED = re.compile(
    rf"(?i)({_ASSIGNED}\(?\s*[rbuf]{{0,2}})(\"\"\"|\"|\'\'\'|\')((?:\\.|(?!\2)[^\n])+)\2"
)
_BEFORE = re.compile(
    rf"(?i)(?:{_ASSIGNED}\(?"
    rf"|(?:setdefault|getenv|putenv|setenv|environ\.get)\(\s*['\"]\w*?{_SECRET_WORD}['\"]\s*,)\s*$"
)
# What is not a literal is left: `{placeholder}`, `$VARIABLE`, `%(name)s`, `<where>`, `env:NAME`.
_NO_LITERAL = r"(?!env:|[{$%<*'\"\s=])"
_BARE = re.compile(
    rf"(?i)({_SECRET_WORD}[ \t]*(?<![=!<>])=[ \t]*|--[\w-]{{0,40}}?{_SECRET_WORD}[ \t=]+)"
    rf"{_NO_LITERAL}[^\s,;&'\")\]}}]+"
)
_YAML = re.compile(
    rf"(?im)^([ \t#]*[\w-]{{0,80}}?{_SECRET_WORD}[ \t]*:[ \t]+){_NO_LITERAL}\S+[ \t]*$"
)
_TOKEN = re.compile(
    r"(?P<line>\#[^\n]*|^[ \t]*[!%][^\n]*)"
    r"|(?P<prefix>\b[rbuf]{1,2})?(?P<quote>\"\"\"|\'\'\'|\"|')"
    r"(?P<value>(?:\\.|(?!(?P=quote)).)*?)(?P=quote)",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)
_BRACES = re.compile(r"(\{[^{}]*\})")


def redact(text: str, secrets: Iterable[str] | None = None) -> str:
    """Return `text` with its secrets replaced by ``***``.

    Parameters
    ----------
    secrets
        Values that are secret whatever they look like; by default those of the environment.
    """
    return _assigned(_literals(text, secrets))


def redact_source(source: str, secrets: Iterable[str] | None = None) -> str:
    """Return the source of a cell without its secrets, still the same program.

    Unlike :func:`redact` it leaves names alone: in ``connect(password=pw)`` nothing is secret.
    """
    return _TOKEN.sub(_token, _literals(source, secrets))


def redact_all(value: Any, secrets: Iterable[str] | None = None) -> Any:
    """Return JSON-ready data with every text in it redacted; ``source`` is redacted as source."""
    return _walk(value, _environment() if secrets is None else tuple(secrets), "")


def _walk(value: Any, secrets: tuple[str, ...], key: str) -> Any:
    if isinstance(value, str):
        if _KEY_IS_SECRET.match(key) and not _REFERENCE.match(value):
            return MASK
        return (redact_source if key == "source" else redact)(value, secrets)
    if isinstance(value, Mapping):
        return {name: _walk(item, secrets, str(name)) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_walk(item, secrets, key) for item in value]
    return value


def _literals(text: str, secrets: Iterable[str] | None) -> str:
    """Replace what is a secret wherever it stands."""
    values = _environment() if secrets is None else secrets
    for secret in sorted({*values, *_referred(text)}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _WELL_KNOWN.sub(MASK, text)
    text = _URL.sub(rf"\1:{MASK}@", text)
    return _BEARER.sub(rf"\1{MASK}", text)


def _assigned(text: str) -> str:
    """Replace what is assigned to a name that says it is secret."""
    text = _QUOTED.sub(lambda match: f"{match[1]}{match[2]}{_mask(match[3])}{match[2]}", text)
    return _YAML.sub(rf"\1{MASK}", _BARE.sub(rf"\1{MASK}", text))


def _token(match: re.Match[str]) -> str:
    """Redact one string, comment or shell line of a program."""
    if match["line"]:
        return _assigned(match["line"])
    prefix, quote, value = match["prefix"] or "", match["quote"], match["value"]
    before = match.string[max(0, match.start() - 120) : match.start()]
    if value and _BEFORE.search(before):
        return f"{prefix}{quote}{_mask(value)}{quote}"
    # Every second part is an expression in braces, which is code.
    parts = _BRACES.split(value) if "f" in prefix.lower() else [value]
    parts[::2] = map(_assigned, parts[::2])
    return f"{prefix}{quote}{''.join(parts)}{quote}"


def _mask(value: str) -> str:
    return value if value.startswith(("env:", "{", "$", "%(", "<")) else MASK


def _environment() -> tuple[str, ...]:
    return tuple(
        value
        for name, value in os.environ.items()
        if len(value) >= _SHORTEST and _NAMED_LIKE_A_SECRET.search(name)
    )


def _referred(text: str) -> list[str]:
    values = (os.environ.get(name, "") for name in _REFERENCE.findall(text))
    return [value for value in values if len(value) >= _SHORTEST]
