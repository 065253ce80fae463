"""What is wrong with a ``labline.toml``, in words that name the line and the nearest key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from labline.errors import BadSettings, nearest

_FIX = "The keys are listed in docs/reference/settings.md."


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with a file."""

    #: line of the file, from 1; 0 where the text does not tell
    line: int
    #: dotted: ``stages.prod.metric.min``
    key: str
    #: what is wrong, in words
    what: str
    #: what would mend it
    fix: str = ""

    def told(self, path: Path) -> str:
        """Return the fault in a line: where, what, and the fix."""
        place = f"{path.name}:{self.line}" if self.line else path.name
        return f"{place}: {self.what} {self.fix}".rstrip()


def of_values(error: ValidationError, text: str, settings: type[BaseModel]) -> list[Fault]:
    """Return why values do not fit the model `settings`, one fault each."""
    return [_of_value(dict(item), text, settings) for item in error.errors()]


def _of_value(item: Mapping[str, Any], text: str, settings: type[BaseModel]) -> Fault:
    keys = tuple(str(key) for key in item["loc"])
    line, dotted = line_of(text, keys), ".".join(keys)
    if item["type"] == "extra_forbidden":
        known = _known(settings, keys[:-1])
        return Fault(line, dotted, f"unknown key {keys[-1]!r}.", nearest(keys[-1], known))
    said = str(item["msg"]).removeprefix("Value error, ").rstrip(".")
    return Fault(line, dotted, f"{dotted}: {said}{_shown(item)}.")


def _shown(item: Mapping[str, Any]) -> str:
    """Return the value itself, where that can be no secret: a rule of ours says what it will."""
    value = item["input"]
    plain = isinstance(value, str | int | float) and item["type"] != "value_error"
    return f"; it is {value!r}" if plain else ""


def of_order(after: Mapping[str, str | None], text: str) -> list[Fault]:
    """Return where ``after`` names no stage, or goes in a circle, which is told once.

    Parameters
    ----------
    after
        Each stage, and the one that it says it comes after.
    """
    return [*_nowhere(after, text), *_circles(after, text)]


def _nowhere(after: Mapping[str, str | None], text: str) -> Iterator[Fault]:
    for name, before in after.items():
        if before is not None and before not in after:
            keys = ("stages", name, "after")
            what = f"stage {name!r} comes after {before!r}, which is not a stage."
            yield Fault(line_of(text, keys), ".".join(keys), what, nearest(before, after))


def _circles(after: Mapping[str, str | None], text: str) -> Iterator[Fault]:
    told: set[str] = set()
    for name in after:
        seen = [name]
        while (before := after.get(seen[-1])) is not None and before not in seen:
            seen.append(before)
        if before == name and name not in told:
            told |= {*seen}
            keys = ("stages", seen[-1], "after")
            what = f"the stages go in a circle: {' -> '.join([*seen, name])}."
            yield Fault(line_of(text, keys), ".".join(keys), what, "Remove one 'after'.")


def of_endpoints(served: Mapping[str, str | None], text: str) -> Iterator[Fault]:
    """Return where two stages deploy to one endpoint.

    Parameters
    ----------
    served
        Each stage, and the endpoint that it says it deploys to.
    """
    seen: dict[str, str] = {}
    for name, endpoint in served.items():
        if endpoint is None:
            continue
        if (other := seen.setdefault(endpoint, name)) != name:
            keys = ("stages", name, "endpoint")
            what = f"stages {other!r} and {name!r} both deploy to {endpoint!r}."
            fix = f"Give each its own, for example {endpoint}-{name}."
            yield Fault(line_of(text, keys), ".".join(keys), what, fix)


def refusal(faults: Iterable[Fault], path: Path) -> BadSettings:
    """Return the error for a file with these faults."""
    return BadSettings("\n".join(fault.told(path) for fault in faults), fix=_FIX)


def explain(
    error: ValidationError, path: Path, text: str, settings: type[BaseModel]
) -> BadSettings:
    """Return the error for a file that does not fit the model `settings`."""
    return refusal(of_values(error, text, settings), path)


def _known(settings: type[BaseModel], keys: tuple[str, ...]) -> list[str]:
    """Return the keys that may stand in the table that `keys` lead to."""
    kind: Any = settings
    for key in keys:
        kind = _inside(kind, key)
    return [name for name in kind.model_fields if name != "root"] if _is_model(kind) else []


def _inside(kind: Any, key: str) -> Any:
    if _is_model(kind):
        annotation = kind.model_fields[key].annotation
        kinds = (annotation, *getattr(annotation, "__args__", ()))
        return next((each for each in kinds if _is_model(each) or get_origin(each) is dict), None)
    return get_args(kind)[1] if get_origin(kind) is dict else None


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def line_of(text: str, keys: tuple[str, ...]) -> int:
    """Return the line of a key, from 1, as near as the text tells; 0 where it does not."""
    table: tuple[str, ...] = ()
    best = 0
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", line)
        if header:
            table = tuple(part.strip(" \"'") for part in header[1].split("."))
            if keys[: len(table)] == table:
                best = number
            continue
        key = re.match(r"\s*([\w.\"'-]+)\s*=", line)
        if key:
            full = (*table, *(part.strip("\"'") for part in key[1].split(".")))
            if keys[: len(full)] == full:
                return number
    return best
