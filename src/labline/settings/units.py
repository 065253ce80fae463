"""Durations and sizes as people write them: ``"2h"``, ``"4GiB"``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from labline.errors import BadInput

# Written so that editors, which read them as JavaScript does, take them too.
_DURATION = r"\s*([\d.]+)\s*(ms|s|m|h|d)\s*"
_SIZE = r"\s*(\d+(?:\.\d+)?)\s*([KkMmGgTt])?([Ii])?[Bb]?\s*"
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(value: object) -> object:
    """Turn ``"2h"``, ``"30 s"`` or a number into seconds; anything else is left to pydantic."""
    if isinstance(value, str):
        match = re.fullmatch(_DURATION, value)
        if match:
            return float(match[1]) * _SECONDS[match[2]]
        raise ValueError(f"{value!r} is not a duration; write for example '30s', '10m' or '2h'")
    return value


def size(value: object) -> object:
    """Turn ``"4GiB"``, ``"500 MB"`` or a number into bytes; anything else is left to pydantic."""
    if isinstance(value, str):
        match = re.fullmatch(_SIZE, value)
        if match and (match[2] or not match[3]):
            power = " KMGT".index((match[2] or " ").upper())
            return int(float(match[1]) * (1024 if match[3] else 1000) ** power)
        raise ValueError(f"{value!r} is not a size; write for example '512MiB' or '4GiB'")
    return value


def to_seconds(text: str) -> float:
    """Return the seconds in ``"2h"``, as an option of a command has it.

    Raises
    ------
    BadInput
        It is not a duration above zero.
    """
    return float(_positive(seconds, text))


def lasting(seconds: float) -> str:
    """Return a time span as people say it: exactly where one unit does, else in the largest.

    >>> lasting(259200.0), lasting(5400.0), lasting(0.5), lasting(7300.0)
    ('3 days', '90 minutes', '0.5 seconds', '2 hours')
    """
    units = ((86400, "day"), (3600, "hour"), (60, "minute"))
    exact = next((unit for unit in units if seconds >= unit[0] and seconds % unit[0] == 0), None)
    about = next((unit for unit in units if seconds >= 2 * unit[0]), (1, "second"))
    size, name = exact or about
    count = seconds / size if exact or seconds < 1 else round(seconds / size)
    return f"{count:g} {name}{'' if count == 1 else 's'}"


def to_bytes(text: str) -> int:
    """Return the bytes in ``"4GiB"``, as an option of a command has it.

    Raises
    ------
    BadInput
        It is not a size above zero.
    """
    return int(_positive(size, text))


def _positive(parse: Callable[[object], Any], text: str) -> Any:
    try:
        value = parse(text)
    except ValueError as error:
        raise BadInput(f"{error}.") from error
    if value <= 0:
        raise BadInput(f"{text!r} is nothing; give more than zero.")
    return value


_DurationText = Annotated[str, Field(pattern=rf"^{_DURATION}$", examples=["30s", "10m", "2h"])]
_SizeText = Annotated[str, Field(pattern=rf"^{_SIZE}$", examples=["512MiB", "4GiB"])]
Duration = Annotated[float, BeforeValidator(seconds, json_schema_input_type=float | _DurationText)]
Size = Annotated[int, BeforeValidator(size, json_schema_input_type=int | _SizeText)]
