"""The space of a sweep: for each parameter values to choose from, or a range to draw from."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from labline.errors import BadInput, BadParameter, nearest
from labline.notebooks import Parameter, kinds, parse_choices

_AXIS = re.compile(r"\s*([^=~]+?)\s*([=~])\s*(.*)", re.DOTALL)
_CALL = re.compile(r"(\w+)\s*\((.*)\)\s*", re.DOTALL)
_DIGITS = 6
_EXAMPLE = "Write for example --sweep 'alpha~loguniform(1e-3, 1)' or 'depth~uniform(2, 10)'."


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included."""

    low: float
    high: float
    #: whether each power of ten is as likely as the next
    log: bool = False
    #: distance of one number to the next; None is any number
    step: float | None = None
    #: whether only whole numbers are drawn
    whole: bool = False

    def draw(self, source: random.Random) -> float:
        """Return a number by chance."""
        if self.step is not None:
            return self._number(self.low + self.step * source.randint(0, self._steps))
        if self.log:
            # Whole numbers are rounded down: each has the share that lies above it.
            high = math.log(self.high + 1 if self.whole else self.high)
            return self._number(math.exp(source.uniform(math.log(self.low), high)))
        if self.whole:
            return source.randint(int(self.low), int(self.high))
        return self._number(source.uniform(self.low, self.high))

    def _number(self, drawn: float) -> float:
        if self.whole:
            return min(int(drawn), int(self.high))
        # People read these; a step says itself how many digits there are.
        short = float(f"{drawn:.12g}" if self.step is not None else f"{drawn:.{_DIGITS}g}")
        return min(max(short, self.low), self.high)

    def fit(self, drawn: float) -> float:
        """Return a number that something else has drawn, as :meth:`draw` would write it."""
        return self._number(drawn)

    @property
    def _steps(self) -> int:
        return math.floor((self.high - self.low) / (self.step or 1) + 1e-9)

    def __str__(self) -> str:
        bounds = [self.low, self.high] + ([] if self.step is None else [self.step])
        told = ", ".join(str(int(one)) if self.whole else f"{one:g}" for one in bounds)
        return f"{'loguniform' if self.log else 'uniform'}({told})"


#: what one parameter is tried with
Axis = Range | tuple[Any, ...]
Space = Mapping[str, Axis]


def split_axis(text: str) -> tuple[str, str]:
    """Return name and values of ``NAME=V1,V2`` or ``NAME~RANGE``; a range keeps its ``~``.

    Raises
    ------
    BadInput
        The text is neither.
    """
    found = _AXIS.fullmatch(text)
    if not found or not found[3].strip():
        raise BadInput(
            f"--sweep {text!r} names no values.",
            fix="Write for example --sweep alpha=0.1,1,10 or --sweep 'alpha~loguniform(1e-3, 1)'.",
        )
    return found[1], f"~{found[3]}" if found[2] == "~" else found[3]


def parse_axis(text: str, parameter: Parameter) -> Axis:
    """Return what `text`, as :func:`split_axis` returns it, means for a parameter.

    Raises
    ------
    BadParameter
        A value is not of the parameter's kind.
    BadInput
        The range cannot be used.
    """
    if text.startswith("~"):
        return _for(parameter, parse_range(text[1:]))
    return tuple(parse_choices(text, parameter))


def parse_range(text: str) -> Range:
    """Return the range ``uniform(LOW, HIGH[, STEP])`` or ``loguniform(LOW, HIGH)``.

    Raises
    ------
    BadInput
        It is none.
    """
    found = _CALL.fullmatch(text.strip())
    if not found or found[1] not in ("uniform", "loguniform"):
        near = nearest(found[1], ("uniform", "loguniform")) if found else ""
        raise BadInput(f"{text.strip()!r} is no range.", fix=f"{near} {_EXAMPLE}".strip())
    try:
        numbers = [float(part) for part in found[2].split(",")]
    except ValueError as error:
        raise BadInput(f"{text.strip()!r}: the bounds are no numbers.", fix=_EXAMPLE) from error
    return _checked(text.strip(), found[1] == "loguniform", numbers)


def _checked(text: str, log: bool, numbers: Sequence[float]) -> Range:
    most = 2 if log else 3
    problem = ""
    if not 2 <= len(numbers) <= most:
        problem = f"has {len(numbers)} numbers"
    elif not all(map(math.isfinite, numbers)):
        problem = "has a bound that is not finite"
    elif numbers[0] >= numbers[1]:
        problem = f"ends at {numbers[1]:g}, which is not above {numbers[0]:g}"
    elif log and numbers[0] <= 0:
        problem = f"begins at {numbers[0]:g}, which has no logarithm"
    elif len(numbers) == 3 and not 0 < numbers[2] <= numbers[1] - numbers[0]:
        problem = f"has the step {numbers[2]:g}"
    if problem:
        raise BadInput(f"The range {text} {problem}.", fix=_EXAMPLE)
    return Range(numbers[0], numbers[1], log, numbers[2] if len(numbers) == 3 else None)


def _for(parameter: Parameter, range: Range) -> Range:
    """Return the range as it is for a parameter: of whole numbers where that takes no other."""
    if kinds.allows(parameter.kind, "float"):
        return range
    if not kinds.allows(parameter.kind, "int"):
        raise BadParameter(
            f"The parameter {parameter.name!r} is {parameter.kind}; {range} gives numbers.",
            fix=f"Name the values to try: --sweep {parameter.name}=V1,V2",
            parameter=parameter.name,
        )
    bounds = (range.low, range.high, range.step or 1)
    if any(not float(bound).is_integer() for bound in bounds):
        raise BadParameter(
            f"The parameter {parameter.name!r} is int; {range} has other numbers.",
            fix=f"Give whole bounds, or make it a float in the notebook: {parameter.name}: float",
            parameter=parameter.name,
        )
    return Range(range.low, range.high, range.log, range.step, whole=True)


def size(space: Space) -> int | None:
    """Return how many points there are, ``None`` if that is not counted."""
    counts = [None if isinstance(axis, Range) else len(axis) for axis in space.values()]
    return None if None in counts else math.prod(count for count in counts if count is not None)


def draw(space: Space, source: random.Random) -> dict[str, Any]:
    """Return a point by chance."""
    return {
        name: axis.draw(source) if isinstance(axis, Range) else source.choice(axis)
        for name, axis in space.items()
    }


def point(space: Mapping[str, Sequence[Any]], number: int) -> dict[str, Any]:
    """Return a point of a grid by its place, from 0; the last parameter changes fastest."""
    found = {}
    for name, axis in reversed(list(space.items())):
        number, place = divmod(number, len(axis))
        found[name] = axis[place]
    return {name: found[name] for name in space}


def shown(axis: Axis) -> str:
    """Return the values, or the range, in words."""
    return str(axis) if isinstance(axis, Range) else ", ".join(map(str, axis))


def to_payload(space: Space) -> dict[str, Any]:
    """Return a space JSON-ready; :func:`from_payload` reads it."""
    return {
        name: asdict(axis) if isinstance(axis, Range) else list(axis)
        for name, axis in space.items()
    }


def from_payload(payload: Mapping[str, Any]) -> dict[str, Axis]:
    """Return the space that :func:`to_payload` wrote."""
    return {
        name: Range(**axis) if isinstance(axis, Mapping) else tuple(axis)
        for name, axis in payload.items()
    }
